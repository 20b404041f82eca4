import type { SourceImage } from "../images/image-source.ts";
import { CommandFailure } from "../lib/command/command-io.ts";

const SHOWN = 20;

/**
 * The image that what `from` names holds, though by several names. Throws a CommandFailure that says how to choose when it
 * holds several images. There is one at least.
 */
export function insistOnOne(images: readonly SourceImage[], from: string): SourceImage {
  const [first] = images;
  if (first !== undefined && isOne(images)) return first;
  const names = images.slice(0, SHOWN).map(({ name }, position) => name ?? `@${position}`);
  throw new CommandFailure(
    2,
    `${from} holds several images; choose one: ${names.map((name) => `${from}:${name}`).join(", ")}`,
  );
}

/** Are these names of one image? */
export function isOne(images: readonly SourceImage[]): boolean {
  return images.every(({ digest }) => digest === images[0]?.digest);
}
