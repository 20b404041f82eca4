import type { SourceImage } from "../images/image-source.ts";
import { CommandFailure } from "../lib/command/command-io.ts";

const SHOWN = 20;

/** Throws a CommandFailure that says how to choose when what `from` names holds several images. There is one at least. */
export function insistOnOne(
  images: readonly SourceImage[],
  from: string,
): asserts images is readonly [SourceImage, ...SourceImage[]] {
  if (images.length === 1) return;
  const names = images.slice(0, SHOWN).map(({ name }, position) => name ?? `@${position}`);
  throw new CommandFailure(
    2,
    `${from} holds several images; choose one: ${names.map((name) => `${from}:${name}`).join(", ")}`,
  );
}
