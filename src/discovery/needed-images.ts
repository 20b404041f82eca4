import { tryParsePlatform } from "../oci/platform.ts";
import type { PlatformSelection } from "../oci/platform-selection.ts";
import { formatReference, type Reference } from "../oci/reference.ts";
import type { FoundImage } from "./found/found-image.ts";

/** An image that files name. */
export type NeededImage = {
  readonly reference: Reference;
  /** What is wanted of it: what was asked for, else the platform that the files ask for. */
  readonly platforms: PlatformSelection;
  /** The platform that the files ask for, as they write it; null where they, or who asks, leave no choice to them. */
  readonly platform: string | null;
  /** Nothing but guesses name it. */
  readonly isGuess: boolean;
};

/**
 * The images that a cluster would pull for what was found, by their full names in order, each once for what is wanted of
 * it. `selection`: what is wanted of each; where that only prefers a platform, one that a file gives counts.
 */
export function neededImages(
  found: readonly Pick<FoundImage, "reference" | "platform" | "kind">[],
  selection: PlatformSelection,
): readonly NeededImage[] {
  const needed = new Map<string, NeededImage>();
  for (const { reference, platform, kind } of found) {
    const asked = selection.kind === "prefer" && platform !== null ? tryParsePlatform(platform) : null;
    const platforms: PlatformSelection = asked === null ? selection : { kind: "only", platforms: [asked] };
    const key = `${formatReference(reference)} ${asked === null ? "" : platform}`;
    const isGuess = kind === "guess" && (needed.get(key)?.isGuess ?? true);
    needed.set(key, { reference, platforms, platform: asked === null ? null : platform, isGuess });
  }
  return [...needed].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, image]) => image);
}

/** Is it an image that no registry has: one with the tag `local`, which is built on the machine that runs it? */
export function isBuiltLocally({ reference }: Pick<NeededImage, "reference">): boolean {
  return reference.tag === "local";
}
