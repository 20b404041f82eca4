/**
 * Lists of images, one a line: what `kubeadm config images list` and `… pull` print, k3s' and RKE2's release lists, and
 * those that people keep.
 */
import { type Findings, tryReference } from "../found/found-image.ts";
import { isFullImage } from "../found/image-text.ts";
import type { LineOrigin } from "./yaml-documents.ts";

/** How sure the caller is that the text is a list. */
export type ListTrust = "asked for" | "named so" | "unknown";

/**
 * Adds the images of a list; `#` begins a comment, kubeadm's own log lines are passed over.
 *
 * Where the caller does not know that the text is a list, it is one only when every line is an image with a tag or
 * digest and one of them names its registry. False when it is none.
 */
export function scanImageList(text: string, trust: ListTrust, origin: LineOrigin, findings: Findings): boolean {
  const list = readImageList(text, trust);
  if (list === null) return false;
  for (const { image, line } of list) {
    if (findings.image(origin(line), image, "field", "list")) continue;
    findings.error(origin(line), `${JSON.stringify(image.slice(0, 200))} is not an image reference`);
  }
  return list.length > 0;
}

/** The entries of a list with their lines, the first being 1; null when the text is none as far as `trust` goes. */
export function readImageList(
  text: string,
  trust: ListTrust,
): { readonly image: string; readonly line: number }[] | null {
  const list: { image: string; line: number }[] = [];
  let namesRegistry = false;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const image = line
      .replace(/(?:^|\s)#.*$/, "")
      .replace(/^\[config\/images\] Pulled /, "")
      .trim();
    if (image === "" || /^[IWEF]\d{4} /.test(image)) continue;
    if (trust !== "asked for" && !isEntry(image, trust)) return null;
    namesRegistry ||= isFullImage(image);
    list.push({ image, line: index + 1 });
  }
  return trust === "unknown" && !namesRegistry ? null : list;
}

function isEntry(image: string, trust: ListTrust): boolean {
  const hasVersion = image.includes("@") || image.lastIndexOf(":") > image.lastIndexOf("/");
  return tryReference(image) !== null && (trust === "named so" || hasVersion);
}
