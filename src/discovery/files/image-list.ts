/**
 * Lists of images, one a line: what `kubeadm config images list` and `… pull` print, k3s' and RKE2's release lists, and
 * those that people keep.
 */
import { tryParsePlatform } from "../../oci/platform.ts";
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
  for (const { image, line, platform } of list) {
    if (findings.image(origin(line), image, "field", "list", platform)) continue;
    findings.error(origin(line), `${JSON.stringify(image.slice(0, 200))} is not an image reference`);
  }
  return list.length > 0;
}

/** The entries of a list with their lines, the first being 1; null when the text is none as far as `trust` goes. */
export function readImageList(text: string, trust: ListTrust): readonly ListEntry[] | null {
  const list: ListEntry[] = [];
  let isTable = false;
  let namesRegistry = false;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (TABLE_HEAD.test(line)) {
      isTable = true;
      continue;
    }
    const image = isTable ? rowImage(line) : lineImage(line, trust);
    if (image === null) continue;
    if (trust !== "asked for" && !isEntry(image, trust)) return null;
    namesRegistry ||= isFullImage(image);
    list.push({ image, line: index + 1, platform: commentedPlatform(line) });
  }
  return trust === "unknown" && !namesRegistry ? null : list;
}

/** An entry of a list as it stands there, without what surrounds it. `platform` is null where the line leaves it open. */
export type ListEntry = { readonly image: string; readonly line: number; readonly platform: string | null };

/** The platform that a line's comment consists of, as in larder's own lists: `nginx:1.27 # linux/arm64`. */
function commentedPlatform(line: string): string | null {
  const comment = /\s#\s*(\S+\/\S+)\s*$/.exec(line)?.[1] ?? null;
  return comment !== null && tryParsePlatform(comment) !== null ? comment : null;
}

/** What `docker images`, `crictl images` and their like print. */
const TABLE_HEAD = /^(?:REPOSITORY|IMAGE)\s+TAG\s/;

/** The image of a table's row; null for one without a name or a tag. */
function rowImage(line: string): string | null {
  const [repository = "", tag = ""] = line.trim().split(/\s+/, 2);
  return repository === "" || tag === "" || `${repository}${tag}`.includes("<none>") ? null : `${repository}:${tag}`;
}

/** The image of a line; null for one that says nothing or is a program's own word. */
function lineImage(line: string, trust: ListTrust): string | null {
  const text = line
    .replace(/(?:^|\s)#.*$/, "")
    .replace(/^\[config\/images\] Pulled /, "")
    .trim();
  if (text === "" || /^[IWEF]\d{4} /.test(text)) return null;
  // Not in any text: a list that is copied out of YAML, JSON or a script.
  const bare =
    trust === "unknown"
      ? text
      : text.replace(/^(?:[-*]\s+|(?:docker|podman|nerdctl|crictl) pull )/, "").replace(/^(["'])(.*)\1,?$|,$/, "$2");
  // `image where-from`, as Rancher's lists with sources have it; `image=copy`, as oc-mirror's mapping has it.
  const first = /^([^\s=]+)(?:\s|=(?=[^\s=]+$))/.exec(bare)?.[1];
  return trust !== "unknown" && first !== undefined && isVersioned(first) && tryReference(first) !== null
    ? first
    : bare;
}

function isEntry(image: string, trust: ListTrust): boolean {
  return tryReference(image) !== null && (trust === "named so" || isVersioned(image));
}

function isVersioned(image: string): boolean {
  return image.includes("@") || image.lastIndexOf(":") > image.lastIndexOf("/");
}
