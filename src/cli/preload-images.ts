import { bringImages, throwIfInterrupted } from "./bring-images.ts";
import { checkNeeded } from "./check-needed.ts";
import type { NeededImage } from "../discovery/needed-images.ts";
import { CommandFailure, type CommandIo } from "../lib/command/command-io.ts";
import type { ImageRegistry } from "../remote/image-registry.ts";
import { formatBytes } from "../lib/text/format-bytes.ts";
import { type BroughtResult, preloadedImages } from "./json/image-results.ts";
import { writeJson } from "./json/write-json.ts";
import { type Column, formatTable } from "./table.ts";

/** Options of a preload. */
export type PreloadOptions = {
  /** Bring also what is there already: tags may have moved. */
  readonly force: boolean;
  /** Go on after a failure. */
  readonly keepGoing: boolean;
  readonly json: boolean;
};

type Row = BroughtResult & Pick<NeededImage, "platform" | "isGuess">;

/**
 * Brings images into the registry and reports each at the end. Throws a CommandFailure unless all are there; that a guess
 * cannot be brought is reported and is no failure.
 */
export async function preloadImages(
  registry: ImageRegistry,
  needed: readonly NeededImage[],
  options: PreloadOptions,
  io: CommandIo,
): Promise<void> {
  const { force, keepGoing } = options;
  const states = force ? [] : await checkNeeded(registry, needed);
  const wanted = needed.map(({ reference, ...rest }, index) => {
    return { ...rest, references: [reference] as const, isWhole: force ? null : states[index]?.state === "whole" };
  });
  const results = await bringImages(registry, wanted, { keepGoing }, io);
  const rows = results.map((result, index) => {
    return { ...result, platform: needed[index]?.platform ?? null, isGuess: needed[index]?.isGuess === true };
  });
  report(rows, options, io);
  throwIfInterrupted(rows, registry, io);
  const count = (status: Row["status"]) => rows.filter((row) => row.status === status && !row.isGuess).length;
  if (count("failed") === 0) return;
  const hint = keepGoing || count("skipped") === 0 ? "" : "; --keep-going tries them all";
  throw new CommandFailure(1, `${count("failed")} of ${rows.length} images could not be brought${hint}`);
}

const WORDS: Readonly<Record<Row["status"], string>> = {
  brought: "brought",
  present: "already there",
  failed: "FAILED",
  skipped: "not tried",
  interrupted: "interrupted",
};
const COLUMNS: readonly Column[] = [
  { title: "IMAGE", kind: "name" },
  { title: "OUTCOME", kind: "fact" },
  { title: "DETAIL", kind: "prose" },
];

function report(rows: readonly Row[], { json }: PreloadOptions, { stdout }: CommandIo): void {
  if (json) return writeJson(stdout, preloadedImages, rows);
  const cells = rows.map((row) => [nameOf(row), wordOf(row), detailOf(row)]);
  stdout.write(formatTable(COLUMNS, cells, stdout.columns ?? null));
}

function nameOf({ image, platform }: Row): string {
  return platform === null ? image : `${image} (${platform})`;
}

/** A guess that comes to nothing is no alarm. */
function wordOf({ status, isGuess }: Row): string {
  return status === "failed" && isGuess ? "not brought" : WORDS[status];
}

function detailOf({ status, fetchedBytes, reason, warning }: Row): string {
  const size = status !== "brought" ? "" : fetchedBytes === 0 ? "its layers were here" : formatBytes(fetchedBytes);
  return [size, reason ?? "", warning ?? ""].filter((part) => part !== "").join("; ");
}
