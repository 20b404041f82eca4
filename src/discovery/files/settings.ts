/** Names with values, wherever they are kept: variables of a container, data of a ConfigMap or Secret, lines of a configuration. */
import type { Findings } from "../found/found-image.ts";
import { joinImageParts } from "../found/image-parts.ts";
import { imagesInText, isLikelyImage, isTemplated, namesRegistry } from "../found/image-text.ts";
import { keyWords, namesImage, speaksOfImage } from "../found/key-words.ts";
import { type LocatedScalar, textPlace } from "../found/located-value.ts";
import type { ManifestContext } from "./manifest-context.ts";
import { weighImage } from "./weigh-image.ts";

/** Adds what settings name, as guesses. Returns those of which nothing was made, for who can read more out of them. */
export function scanSettings(
  settings: ReadonlyMap<string, LocatedScalar>,
  context: ManifestContext,
  findings: Findings,
): LocatedScalar[] {
  const used = new Set<string>();
  for (const { written, place, keys } of joinImageParts(settings, "")) {
    for (const key of keys) used.add(key);
    weighImage(place, written, "guess", "other", context, findings);
  }
  const rest: LocatedScalar[] = [];
  for (const [key, scalar] of settings) {
    if (!used.has(key) && !scanSetting(key, scalar, context, findings)) rest.push(scalar);
  }
  return rest;
}

function scanSetting(key: string, scalar: LocatedScalar, context: ManifestContext, findings: Findings): boolean {
  const text = scalar.text.trim();
  if (text.includes("\n")) return false;
  if (/ima?ge?/i.test(key)) {
    const words = keyWords(key);
    const isImage = namesImage(words) ? isLikelyImage(text) : speaksOfImage(words) && isWhole(text);
    // In a script or a configuration a variable with a variable in it may be anything.
    if (isImage || (context.embedding === 0 && namesImage(words) && isTemplated(text))) {
      weighImage(scalar, text, "guess", "other", context, findings);
      return true;
    }
  }
  const images = imagesInText(text);
  for (const image of images) findings.image(textPlace(scalar), image, "guess", context.source);
  return images.length > 0;
}

/** With a tag, a digest or a registry: not some path. */
function isWhole(text: string): boolean {
  return isLikelyImage(text) && (/[:@]/.test(text) || namesRegistry(text));
}
