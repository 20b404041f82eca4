import { formatSelection } from "../oci/platform-selection.ts";
import type { ImageRegistry, ImageState } from "../remote/image-registry.ts";
import type { NeededImage } from "../discovery/needed-images.ts";

/** Does the registry hold these images whole, for what is wanted of each? One answer for each, in their order. */
export async function checkNeeded(registry: ImageRegistry, images: readonly NeededImage[]): Promise<ImageState[]> {
  const groups = new Map<string, number[]>();
  for (const [index, { platforms }] of images.entries()) {
    const key = JSON.stringify(formatSelection(platforms));
    groups.set(key, [...(groups.get(key) ?? []), index]);
  }
  const states: ImageState[] = [];
  for (const indexes of groups.values()) {
    const group = indexes.flatMap((index) => images[index] ?? []);
    const [first] = group;
    if (first === undefined) continue;
    const references = group.map(({ reference }) => reference);
    for (const [at, state] of (await registry.check(references, first.platforms)).entries()) {
      const index = indexes[at];
      if (index !== undefined) states[index] = state;
    }
  }
  return states;
}
