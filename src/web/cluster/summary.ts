import { formatBytes } from "../../lib/text/format-bytes.ts";
import type { NeededImage } from "./discovered.ts";

/** What is here and what is missing, in words. */
export function summaryOf(images: readonly NeededImage[]): string {
  if (images.length === 0) return "No images are named there.";
  const [only] = images;
  if (only !== undefined && images.length === 1) {
    return only.state === "whole" ? "The one image is here, complete." : `The one image is missing${sizeOf(images)}.`;
  }
  const missing = images.filter(({ state }) => state !== "whole");
  const whole = images.length - missing.length;
  if (missing.length === 0) return `All ${images.length} images are here, complete.`;
  return `${whole} of ${images.length} images ${whole === 1 ? "is" : "are"} here, complete; ${missing.length} ${missing.length === 1 ? "is" : "are"} missing${sizeOf(missing)}.`;
}

/** How much is known to be missing. What is not here at all is known when its registry is asked. */
function sizeOf(missing: readonly NeededImage[]): string {
  const bytes = knownBytes(missing);
  const unknown = missing.filter(({ missingBytes }) => missingBytes === null).length;
  if (bytes === 0) return "";
  if (unknown === 0) return `, about ${formatBytes(bytes)}`;
  return `, at least ${formatBytes(bytes)} (of ${unknown} the size is known when their registries are asked)`;
}

/** Bytes that are known to be missing. */
export function knownBytes(images: readonly NeededImage[]): number {
  return images.reduce((sum, { state, missingBytes }) => sum + (state === "whole" ? 0 : (missingBytes ?? 0)), 0);
}

/** `1 image`, `2 images`. */
export function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
