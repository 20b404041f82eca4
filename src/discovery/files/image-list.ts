/**
 * Lists of images, one a line: what `kubeadm config images list` and `… pull` print, k3s' and RKE2's release lists, and
 * those that people keep.
 */
import { type Findings, tryReference } from "../found/found-image.ts";
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
  const lines = text.split(/\r?\n/).flatMap((line, index) => {
    const image = line
      .replace(/(?:^|\s)#.*$/, "")
      .replace(/^\[config\/images\] Pulled /, "")
      .trim();
    return image === "" || /^[IWEF]\d{4} /.test(image) ? [] : [{ image, line: index + 1 }];
  });
  if (trust !== "asked for" && !lines.every(({ image }) => isEntry(image, trust))) return false;
  if (trust === "unknown" && !lines.some(({ image }) => /^[^/]+[.:][^/]*\//.test(image))) return false;
  for (const { image, line } of lines) {
    if (findings.image(origin(line), image, "field", "list")) continue;
    findings.error(origin(line), `${JSON.stringify(image.slice(0, 200))} is not an image reference`);
  }
  return lines.length > 0;
}

function isEntry(image: string, trust: ListTrust): boolean {
  const hasVersion = image.includes("@") || image.lastIndexOf(":") > image.lastIndexOf("/");
  return tryReference(image) !== null && (trust === "named so" || hasVersion);
}
