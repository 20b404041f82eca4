import type { PlatformSelection } from "../oci/platform-selection.ts";
import { mapBounded } from "../lib/async/map-bounded.ts";
import { formatReference, type Reference } from "../oci/reference.ts";
import { bringImage, type Outcome, PARALLEL_IMAGES } from "./bring-image.ts";
import { CommandFailure, type CommandIo } from "../lib/command/command-io.ts";
import type { ImageRegistry } from "../remote/image-registry.ts";
import { formatBytes, Progress } from "./progress.ts";
import { formatTable } from "./table.ts";

/** Options of a preload. */
export type PreloadOptions = {
  readonly platforms: PlatformSelection;
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

/** Brings images into the registry, reports each at the end, and throws a CommandFailure unless all are there. */
export async function preloadImages(
  registry: ImageRegistry,
  references: readonly Reference[],
  options: PreloadOptions,
  io: CommandIo,
): Promise<void> {
  const { platforms, force, keepGoing } = options;
  const states = force ? [] : await registry.check(references, platforms);
  const progress = new Progress(io.stderr, () => performance.now());
  let hasFailed = false;
  const bring = async ({ reference, isWhole }: { reference: Reference; isWhole: boolean }): Promise<Row> => {
    const image = formatReference(reference);
    if (isWhole) return { image, outcome: "there", detail: "" };
    if (hasFailed && !keepGoing) return { image, outcome: "skipped", detail: "after a failure" };
    const row = rowOf(image, await bringImage(registry, reference, platforms, progress), force);
    hasFailed ||= row.outcome === "failed";
    return row;
  };
  const work = references.map((reference, index) => ({ reference, isWhole: states[index]?.state === "whole" }));
  const rows = await mapBounded(work, PARALLEL_IMAGES, bring).finally(() => progress.close());
  report(rows, options, io);
}

/** `mayBeThere`: nobody looked whether it was there before, and nothing fetched means that it was. */
function rowOf(image: string, { error, fetchedBytes, warning }: Outcome, mayBeThere: boolean): Row {
  if (error !== null) return { image, outcome: "failed", detail: error };
  const isThere = mayBeThere && fetchedBytes === 0;
  const size = fetchedBytes === 0 ? "its layers were here" : formatBytes(fetchedBytes);
  const detail = [isThere ? "" : size, warning ?? ""].filter((part) => part !== "").join("; ");
  return { image, outcome: isThere ? "there" : "brought", detail };
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
      ["IMAGE", "OUTCOME", "DETAIL"],
      rows.map(({ image, outcome, detail }) => [image, WORDS[outcome], detail]),
    );
  stdout.write(json ? `${JSON.stringify(rows, null, 2)}\n` : table());
  const count = (outcome: Row["outcome"]) => rows.filter((row) => row.outcome === outcome).length;
  if (count("failed") === 0) return;
  const hint = keepGoing || count("skipped") === 0 ? "" : "; --keep-going tries them all";
  throw new CommandFailure(1, `${count("failed")} of ${rows.length} images could not be brought${hint}`);
}
