/** What `skopeo sync --src yaml` copies. Source: skopeo-sync(1), v1.20. */
import { tryParseDigest } from "../../oci/digest.ts";
import type { DocumentFormat } from "../files/document-format.ts";
import type { Findings } from "../found/found-image.ts";
import { type Located, type LocatedMap, valueAt } from "../found/located-value.ts";
import { listReference } from "./listed-image.ts";

const BY_TAGS = "images";
const BY_PATTERNS = ["images-by-tag-regex", "images-by-semver"];

export const skopeoSync: DocumentFormat = {
  tool: "skopeo sync",
  mark: /images(?:-by-(?:tag-regex|semver))?["']?\s*:/,
  recognizes: (document) => {
    const registries = [...document.entries];
    return registries.length > 0 && registries.every(([host, registry]) => isHost(host) && listsImages(registry));
  },
  read(document, _file, findings) {
    for (const [host, registry] of document.entries) readRegistry(host, registry as LocatedMap, findings);
  },
};

function isHost(name: string): boolean {
  return /^[\w.-]+(?::\d+)?(?:\/[\w./-]+)?$/.test(name) && /[.:]|^localhost$/.test(name);
}

function listsImages(registry: Located): boolean {
  return [BY_TAGS, ...BY_PATTERNS].some((key) => valueAt(registry, key)?.type === "map");
}

function readRegistry(host: string, registry: LocatedMap, findings: Findings): void {
  const images = valueAt(registry, BY_TAGS);
  for (const [repository, tags] of images?.type === "map" ? images.entries : []) {
    const items = tags.type === "list" ? tags.items : tags.type === "scalar" && tags.text !== "" ? [tags] : [];
    if (items.length === 0)
      findings.missing(tags, `the list of tags of ${host}/${repository}, all of which are meant,`);
    for (const tag of items) {
      if (tag.type !== "scalar" || tag.text === "") continue;
      const joint = tryParseDigest(tag.text) === null ? ":" : "@";
      listReference(tag, `${host}/${repository}${joint}${tag.text}`, findings);
    }
  }
  for (const key of BY_PATTERNS) {
    const patterns = valueAt(registry, key);
    for (const [repository, pattern] of patterns?.type === "map" ? patterns.entries : []) {
      const written = pattern.type === "list" ? pattern.items : [pattern];
      const texts = written.flatMap((item) => (item.type === "scalar" ? [item.text] : []));
      findings.missing(
        pattern,
        `the list of tags of ${host}/${repository}, of which those are meant that match ${texts.join(" or ")},`,
      );
    }
  }
}
