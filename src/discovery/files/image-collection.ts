/**
 * Files that are lists of images in YAML or JSON, in the shapes that projects give them: a list of names, of maps with a name
 * in parts, names by component, tags by name, images by component or platform, what a mirror copies from where to where.
 */
import { Findings } from "../found/found-image.ts";
import { joinImageParts } from "../found/image-parts.ts";
import { isBareName, isFullImage, isLikelyImage, isTemplated, namesRegistry } from "../found/image-text.ts";
import { keyWords, namesImage } from "../found/key-words.ts";
import type { Located, LocatedMap, LocatedScalar } from "../found/located-value.ts";
import { textPlace } from "../found/located-value.ts";

/** Fields of an entry that say something else than what is pulled. */
const OTHER_FIELD =
  /^(?:source_?repository|target|destination|dest|to|mirrors?|rewrite|new_?name|url|homepage|description|labels?|annotations|resource_?id|metadata|licenses?|\$schema)$/i;

/** Does a file's name say that it lists images? Values of charts do so, too, but are what may be set. */
export function isNamedAsCollection(name: string): boolean {
  return /(?:^|[^a-z])(?:images?|image[-_]?lists?|s?bom)(?:[^a-z]|$)/i.test(name) && !/values/i.test(name);
}

/** Adds the images of such a file. False, and nothing added, when it has another shape. */
export function scanImageCollection(document: Located, findings: Findings): boolean {
  const found = new Findings();
  visit(document, "images", found, new Set());
  findings.add(found);
  return found.images.length > 0 || found.problems.length > 0;
}

function visit(value: Located, key: string, findings: Findings, visited: Set<Located>): void {
  // Anchors make one value stand in many places; once is enough.
  if (visited.has(value)) return;
  visited.add(value);
  if (value.type === "list") {
    for (const item of value.items) {
      if (item.type === "scalar") listed(item, key, findings);
      else visit(item, key, findings, visited);
    }
  } else if (value.type === "map") visitMap(value, key, findings, visited);
}

function visitMap(map: LocatedMap, key: string, findings: Findings, visited: Set<Located>): void {
  if (visitPackage(map, findings)) return;
  const used = new Set<string>();
  for (const { keys, written, place } of joinImageParts(map.entries, "images")) {
    for (const name of keys) used.add(name);
    if (isTemplated(written)) unresolved(place, written, findings);
    else findings.image(place, written, "field", "list");
  }
  // Where the image is given, the name is what it is called.
  if ([...map.entries.keys()].some((name) => namesImage(keyWords(name)) || used.has(name))) used.add("name");
  for (const [name, value] of map.entries) {
    if (used.has(name) || OTHER_FIELD.test(name)) continue;
    if (namesRegistry(name) && isLikelyImage(name)) byName(name, value, findings);
    else if (value.type === "scalar") field(value, name, key, findings);
    else visit(value, name, findings, visited);
  }
}

/** A part of a software bill of materials that is an image. Source: CycloneDX 1.6, components; package-url: the types oci and docker. */
function visitPackage(map: LocatedMap, findings: Findings): boolean {
  const purl = map.entries.get("purl");
  if (purl?.type !== "scalar") return false;
  const parts = /^pkg:(?:oci|docker)\/([^@?#]+)(?:@([^?#]+))?(?:\?([^#]*))?/.exec(purl.text);
  if (parts?.[1] === undefined) return true;
  const qualifiers = new URLSearchParams(parts[3] ?? "");
  const name = qualifiers.get("repository_url") ?? decode(parts[1]);
  const version = decode(parts[2] ?? "");
  const tag = qualifiers.get("tag") ?? (version.includes(":") ? "" : version);
  const digest = version.includes(":") ? `@${version}` : "";
  findings.image(
    textPlace(purl),
    name.replace(/^https?:\/\//, "") + (tag === "" ? "" : `:${tag}`) + digest,
    "field",
    "list",
  );
  return true;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A percent sign that means itself.
    return text;
  }
}

/** `quay.io/a/b: [v1, v2]`, or `quay.io/a/b:v1,v2: registry.example/a/b`, which says where it is copied to. */
function byName(name: string, value: Located, findings: Findings): void {
  const items = value.type === "list" ? value.items : [value];
  const texts = items.flatMap((item) => (item.type === "scalar" ? [item.text] : []));
  const isVersioned = name.includes("@") || name.lastIndexOf(":") > name.lastIndexOf("/");
  const areTags = texts.length > 0 && texts.every((text) => /^(?:[\w][\w.-]*|sha256:[0-9a-f]{64})$/.test(text));
  if (isVersioned || !areTags) {
    findings.image(value, name, "field", "list");
    return;
  }
  for (const item of items) {
    if (item.type !== "scalar") continue;
    findings.image(item, name + (item.text.startsWith("sha256:") ? "@" : ":") + item.text, "field", "list");
  }
}

/** An entry of a list. A bare word is an image in the list of images itself. */
function listed(item: LocatedScalar, key: string, findings: Findings): void {
  const text = item.text.trim();
  const isOfImages = /^images?$/i.test(keyWords(key).at(-1) ?? "");
  if (isTemplated(text)) unresolved(item, text, findings);
  else if (isOfImages ? isLikelyImage(text) || isBareName(text) : isFullImage(text)) {
    findings.image(textPlace(item), text, "field", "list");
  }
}

/** A field: of an image by its name, of images by the component's; elsewhere only what is one beyond doubt. */
function field(value: LocatedScalar, name: string, parent: string, findings: Findings): void {
  const text = value.text.trim();
  const isNaming = namesImage(keyWords(name)) || /^name$/i.test(name);
  const isOfImage =
    /^images?$/i.test(keyWords(parent).at(-1) ?? "") || /^(?:source|src|from|ref|reference)$/i.test(name);
  if (isTemplated(text)) {
    if (isNaming) unresolved(value, text, findings);
  } else if (isFullImage(text) || ((isNaming || isOfImage) && isWhole(text, isNaming))) {
    findings.image(textPlace(value), text, "field", "list");
  }
}

function isWhole(text: string, isNaming: boolean): boolean {
  return isLikelyImage(text) && (isNaming || /[:@]/.test(text.slice(text.lastIndexOf("/") + 1)));
}

function unresolved(
  place: Located | { readonly file: string; readonly line: number | null },
  text: string,
  findings: Findings,
): void {
  findings.error(
    place,
    `the image ${JSON.stringify(text.slice(0, 200))} holds a placeholder that cannot be resolved here`,
  );
}
