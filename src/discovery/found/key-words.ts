/** The names of fields, variables and flags as words. */

/**
 * The words of a name in lower case, however it is spelled: `sidecarImageTag`, `SIDECAR_IMAGE_TAG`, `sidecar.image-tag`
 * and `sidecar-imagetag` are all `sidecar`, `image`, `tag`.
 */
export function keyWords(key: string): string[] {
  // Nobody names a field at greater length; what is that long is some text.
  if (key.length > 200) return [];
  return key
    .replace(/([a-z\d])([A-Z])/g, "$1_$2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1_$2")
    .toLowerCase()
    .replace(/image(?=(?:repository|repo|registry|name|tag|version|digest)$)/, "image_")
    .replace(/(?<=^base)image$/, "_image")
    .split(/[^a-z\d]+/)
    .filter((word) => word !== "");
}

/** Does a name end by speaking of an image: `image`, `sidecarImage`, `INIT_IMAGE_NAME`, `img`? */
export function namesImage(words: readonly string[]): boolean {
  const last = words.at(-1) ?? "";
  if (IMAGE_WORD.test(last)) return true;
  return IMAGE_WORD.test(words.at(-2) ?? "") && /^(?:name|url|uri|ref|reference|repository|repo|path)$/.test(last);
}

/** Does a name speak of an image anywhere, as `RELATED_IMAGE_AGENT` does, and not of something that images have (`imagePullPolicy`)? */
export function speaksOfImage(words: readonly string[]): boolean {
  return words.some((word) => IMAGE_WORD.test(word)) && !words.some((word) => NOT_THE_IMAGE.test(word));
}

const IMAGE_WORD = /^(?:images?|img)$/;
const NOT_THE_IMAGE =
  /^(?:policy|secrets?|pull|dir|directory|folder|file|format|size|type|width|height|quality|registry|tag|version|digest|os|disk)$/;
