import { parsePinPattern } from "../oci/pin-pattern.ts";
import { formatReference } from "../oci/reference.ts";
import type { Namespace } from "../oci/repository-name.ts";
import { parseImageNames } from "../registry/names/image-name.ts";

/**
 * The pins that somebody may mean who writes an image or a pattern, in their canonical spelling, and in the order in which a
 * pull looks for what has no registry in its name. Unlike elsewhere, a name without a tag stands for all of its tags. Throws
 * NAME_INVALID, TAG_INVALID or DIGEST_INVALID.
 */
export function pinsNamed(text: string, unqualified: readonly Namespace[]): readonly [string, ...string[]] {
  if (text.includes("*")) return [parsePinPattern(text).text];
  const last = text.slice(text.lastIndexOf("/") + 1);
  const [name = ""] = text.split(/[:@]/);
  // A registry alone is no image, and Docker Hub's `library/quay.io` is nobody's either: this says what to write.
  if (!text.includes("/") && name.includes(".")) return [parsePinPattern(name).text];
  const isBare = !last.includes(":") && !last.includes("@");
  const [first, ...others] = parseImageNames(text, unqualified).map((reference) => {
    const { namespace, path, digest } = reference;
    if (digest !== null) return parsePinPattern(`${namespace}/${path}@${digest}`).text;
    return parsePinPattern(isBare ? `${namespace}/${path}` : formatReference(reference)).text;
  });
  return [first ?? text, ...others];
}
