import { formatReference, type Reference } from "../oci/reference.ts";
import type { PlatformList } from "../api/admin.ts";
import { bringImage, type BroughtImage } from "./bring-image.ts";
import { checkImages } from "./check-images.ts";
import { CommandFailure, type CommandIo } from "./command-io.ts";
import { formatBytes, Progress } from "./progress.ts";
import type { RegistryConnection } from "./registry-connection.ts";
import { formatTable } from "./table.ts";

/** How images are preloaded. */
export type PreloadOptions = {
  readonly platforms: PlatformList;
  /** Bring also what is there already: tags may have moved. */
  readonly force: boolean;
  /** Go on after a failure. */
  readonly keepGoing: boolean;
  readonly json: boolean;
};

/** What became of an image. `skipped`: a failure before it ended the work. */
type Row = {
  readonly image: string;
  readonly outcome: "brought" | "there" | "failed" | "skipped";
  readonly detail: string;
};

/** Images that are brought at once; each brings several layers at once. */
const PARALLEL_IMAGES = 3;

/** Brings images into the registry, tells of each at the end, and throws a CommandFailure unless all are there. */
export async function preloadImages(
  connection: RegistryConnection,
  references: readonly Reference[],
  options: PreloadOptions,
  io: CommandIo,
): Promise<void> {
  const states = options.force ? [] : await checkImages(connection, references, options.platforms, io.signal);
  const progress = new Progress(io.stderr, () => performance.now());
  const rows: Row[] = [];
  const queue = references.entries();
  let stopped = false;
  const worker = async () => {
    for (const [index, reference] of queue) {
      const image = formatReference(reference);
      if (states[index]?.state === "whole") rows[index] = { image, outcome: "there", detail: "" };
      else if (stopped) rows[index] = { image, outcome: "skipped", detail: "after the failure above" };
      else {
        const row = rowOf(image, await bringImage(connection, reference, options.platforms, progress, io));
        rows[index] = row;
        if (row.outcome === "failed" && !options.keepGoing) stopped = true;
      }
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_IMAGES }, worker));
  progress.close();
  report(rows, options, io);
}

function rowOf(image: string, { error, fetchedBytes, warning }: BroughtImage): Row {
  if (error !== null) return { image, outcome: "failed", detail: error };
  const detail = [fetchedBytes === 0 ? "" : formatBytes(fetchedBytes), warning ?? ""].filter((part) => part !== "");
  return { image, outcome: fetchedBytes === 0 ? "there" : "brought", detail: detail.join("; ") };
}

const WORDS: Readonly<Record<Row["outcome"], string>> = {
  brought: "brought",
  there: "already there",
  failed: "FAILED",
  skipped: "not tried",
};

function report(rows: readonly Row[], { json, keepGoing }: PreloadOptions, { stdout }: CommandIo): void {
  const table = () =>
    formatTable(
      ["IMAGE", "", ""],
      rows.map(({ image, outcome, detail }) => [image, WORDS[outcome], detail]),
    );
  stdout.write(json ? `${JSON.stringify(rows, null, 2)}\n` : table());
  const count = (outcome: Row["outcome"]) => rows.filter((row) => row.outcome === outcome).length;
  if (count("failed") === 0) return;
  const hint = keepGoing || count("skipped") === 0 ? "" : "; --keep-going tries them all";
  throw new CommandFailure(1, `${count("failed")} of ${rows.length} images could not be brought${hint}`);
}
