import { mapBounded } from "../lib/async/map-bounded.ts";
import type { CommandIo } from "../lib/command/command-io.ts";
import { formatReference, type Reference } from "../oci/reference.ts";
import type { PlatformSelection } from "../oci/platform-selection.ts";
import type { ImageRegistry } from "../remote/image-registry.ts";
import { bringFirst, PARALLEL_IMAGES } from "./bring-image.ts";
import { interruption } from "./interruption.ts";
import type { BroughtResult } from "./json/image-results.ts";
import { Progress } from "./progress.ts";

/** An image that is to be brought. */
export type WantedImage = {
  /** What its name may mean, in the order in which that is tried: the first that can be brought is. */
  readonly references: readonly [Reference, ...Reference[]];
  /** What is wanted of it. */
  readonly platforms: PlatformSelection;
  /** It is there, and nothing is to be done; null: nobody looked. */
  readonly isWhole: boolean | null;
  /** Nobody knows whether there is such an image: that it cannot be brought stops nothing. */
  readonly isGuess: boolean;
};

/** How images are brought. */
export type BringOptions = {
  /** Begin others after a failure. */
  readonly keepGoing: boolean;
};

/**
 * Brings images, a few at once, and shows the progress. There is a result for each, in their order; failures and an
 * interruption are among them, and nothing is thrown for either.
 */
export async function bringImages(
  registry: ImageRegistry,
  wanted: readonly WantedImage[],
  { keepGoing }: BringOptions,
  io: CommandIo,
): Promise<readonly BroughtResult[]> {
  const { signal } = io;
  const progress = new Progress(io.stderr, () => performance.now());
  let hasFailed = false;
  const bring = async ({ references, platforms, isWhole, isGuess }: WantedImage): Promise<BroughtResult> => {
    const image = formatReference(references[0]);
    const nothing = { image, digest: null, fetchedBytes: 0, reason: null, warning: null };
    if (isWhole === true) return { ...nothing, status: "present" };
    if (signal.aborted) return { ...nothing, status: "skipped", reason: "after the interruption" };
    if (hasFailed && !keepGoing) return { ...nothing, status: "skipped", reason: "after a failure" };
    try {
      const { error, reference, ...brought } = await bringFirst(registry, references, platforms, progress);
      // Where nobody looked before, nothing fetched means that it was there.
      const status = isWhole === null && brought.fetchedBytes === 0 ? "present" : "brought";
      if (error === null) return { image: formatReference(reference), status, reason: null, ...brought };
      hasFailed ||= !isGuess;
      return { ...nothing, status: "failed", reason: isGuess ? `${error} (it was a guess)` : error };
    } catch (error) {
      if (!signal.aborted) throw error;
      return { ...nothing, status: "interrupted", reason: "the command was interrupted" };
    }
  };
  return mapBounded(wanted, PARALLEL_IMAGES, bring).finally(() => progress.close());
}

/** Throws when the command was interrupted, with what came until then, and what goes on without it. */
export function throwIfInterrupted(
  results: readonly BroughtResult[],
  { goesOnAlone }: ImageRegistry,
  { signal }: CommandIo,
): void {
  if (!signal.aborted) return;
  const having = (...statuses: readonly BroughtResult["status"][]) =>
    results.filter(({ status }) => statuses.includes(status)).map((result) => result.image);
  const [there, open, skipped] = [having("brought", "present"), having("interrupted"), having("skipped")];
  const lines = [
    `${there.length} of ${results.length} images are there`,
    open.length === 0
      ? ""
      : goesOnAlone
        ? `larder goes on by itself with ${open.join(", ")}`
        : `broken off, and gone on with when it is brought again: ${open.join(", ")}`,
    skipped.length === 0 ? "" : `not begun: ${skipped.join(", ")}`,
  ];
  throw interruption(signal, lines.filter((line) => line !== "").join("\n  "));
}
