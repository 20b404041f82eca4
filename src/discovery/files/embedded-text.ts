/** Manifests, templates, lists and configurations that documents keep in strings: what they name is a guess. */
import { Findings } from "../found/found-image.ts";
import { imagesInText, isLikelyImage, isTemplated } from "../found/image-text.ts";
import type { Located, LocatedScalar } from "../found/located-value.ts";
import type { Place } from "../found/place.ts";
import { readImageList } from "./image-list.ts";
import { keyValueSections } from "./key-value-lines.ts";
import type { ManifestContext } from "./manifest-context.ts";
import { scanSettings } from "./settings.ts";
import { isSoundYaml } from "./sound-yaml.ts";
import { type LineOrigin, readDocument, splitDocuments } from "./yaml-documents.ts";

const EMBEDDING_LIMIT = 3;
const TEXT_LIMIT = 2 * 1024 * 1024;
const IMAGE_LINE = /^\s*(?:-\s+)?["']?image["']?\s*:\s*(\S.*?)\s*$/;
/** A field of YAML or JSON that may name an image. */
const IMAGE_FIELD = /(?:image|img|repository|registry)[\w-]{0,60}["']?\s{0,9}:(?:\s|["'{[]|$)/im;
const IMAGE_SETTING = /(?:image|img|repository|registry)[\w.-]{0,60}["']?\s{0,9}[=:]/i;

/** Reads a document; the manifest reader, which this one calls and is called by. */
export type ManifestScanner = (document: Located, context: ManifestContext, findings: Findings) => void;

/** Adds what a string names that may be a file of its own, as guesses with the lines of the file that holds the string. */
export function scanEmbeddedText(
  scalar: LocatedScalar,
  context: ManifestContext,
  scanManifest: ManifestScanner,
  findings: Findings,
): void {
  const text = scalar.text;
  if (context.embedding >= EMBEDDING_LIMIT || text.length > TEXT_LIMIT) return;
  const first = scalar.textLine;
  // Only a `|` block keeps the file's lines; of other strings the beginning is all that is known.
  const keepsLines = first !== scalar.line;
  const origin: LineOrigin =
    scalar.textPlace ??
    ((line) => ({ file: scalar.file, line: keepsLines && first !== null ? first + line - 1 : first }));
  const deeper = { ...context, guess: true, embedding: context.embedding + 1 };
  if (IMAGE_FIELD.test(text)) {
    const documents = readSound(text, origin);
    for (const document of documents ?? []) scanManifest(document, deeper, findings);
    if (documents !== null && documents.length > 0) return;
    scanImageLines(text, origin, deeper, findings);
  }
  scanLines(text, origin, deeper, findings);
}

/** The documents of a text; null when one is broken, as templates are: a parser that names each fault takes seconds for those. */
function readSound(text: string, origin: LineOrigin): Located[] | null {
  const inner = new Findings();
  const documents: Located[] = [];
  for (const document of splitDocuments(text)) {
    if (!isSoundYaml(document.text)) return null;
    const value = readDocument(document, origin, inner);
    if (value !== null && value.type !== "scalar") documents.push(value);
  }
  return inner.problems.length === 0 ? documents : null;
}

/** Adds what a text names line by line: as a list, as settings, or as whole references anywhere. */
function scanLines(text: string, origin: LineOrigin, context: ManifestContext, findings: Findings): void {
  const list = readImageList(text, "unknown");
  if (list !== null) {
    for (const { image, line } of list) findings.image(origin(line), image, "guess", context.source);
    return;
  }
  if (IMAGE_SETTING.test(text)) {
    for (const section of keyValueSections(text, origin)) scanSettings(section, context, findings);
  }
  if (!text.includes("/")) return;
  for (const [index, line] of text.split("\n").entries()) {
    for (const image of imagesInText(line)) findings.image(origin(index + 1), image, "guess", context.source);
  }
}

/** Adds what the `image:` lines of a text say that cannot be read as YAML, a template's for instance. */
export function scanImageLines(text: string, origin: LineOrigin, context: ManifestContext, findings: Findings): void {
  const lines = text.split("\n");
  for (const [index, line] of lines.entries()) {
    const value = IMAGE_LINE.exec(line)?.[1];
    if (value === undefined) continue;
    const image = value
      .replace(/,$/, "")
      .replace(/^(["'])(.*)\1.*$/, "$2")
      .replace(/\s+#.*$/, "");
    const place: Place = origin(index + 1);
    if (isTemplated(image)) {
      const message = `the image ${JSON.stringify(image.slice(0, 200))} holds a placeholder that cannot be resolved here`;
      if (context.embedding === 0) findings.error(place, message);
      else findings.note(place, message);
    } else if (isLikelyImage(image) || isInContainers(lines, index)) {
      findings.image(place, image, "guess", context.source);
    }
  }
}

/** Do the lines above say that this one belongs to a container, in which any name is an image? */
function isInContainers(lines: readonly string[], index: number): boolean {
  const indent = (line: string) => line.search(/[^\s-]/);
  const own = indent(lines[index] ?? "");
  for (let at = index - 1; at >= Math.max(0, index - 200); at--) {
    const line = lines[at] ?? "";
    const isOutside = indent(line) >= 0 && indent(line) < own && !/^\s*(?:#|\{\{)/.test(line);
    if (isOutside) return /^\s*(?:containers|initContainers|ephemeralContainers)\s*:/.test(line);
  }
  return false;
}
