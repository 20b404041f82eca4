/** YAML and JSON files of any kind: which document is what, and who reads it. */
import { describeFailure } from "../../lib/failures/describe-failure.ts";
import type { DocumentFile, DocumentFormat } from "./document-format.ts";
import { scanImageLines } from "./embedded-text.ts";
import { isNamedAsCollection, scanImageCollection } from "./image-collection.ts";
import type { ManifestContext } from "./manifest-context.ts";
import { isSoundYaml } from "./sound-yaml.ts";
import { Findings, type ImageSource } from "../found/found-image.ts";
import { mayNameImages } from "../found/image-text.ts";
import { isKubernetesDocument, scanManifest } from "./kubernetes-manifest.ts";
import { itemsAt, type Located, stringAt, valueAt } from "../found/located-value.ts";
import { JsonPartTooLarge, splitJson } from "./split-json.ts";
import { type DocumentText, linesOf, readDocument, splitDocuments } from "./yaml-documents.ts";

/** A YAML or JSON file. The fields of one that the user named count whatever document it is. */
export type YamlFile = DocumentFile & {
  readonly text: string;
  /** Who reads its documents before the readers here: the first that recognizes one. */
  readonly formats: readonly DocumentFormat[];
};

/** Adds the images of all documents of a file; those that are broken are named, the others read. */
export async function scanYamlFile(file: YamlFile, signal: AbortSignal, findings: Findings): Promise<void> {
  // JSON files that are neither manifests nor asked for are other programs' affair, and can be large.
  const mustBear = /\.json$/i.test(file.name) && !file.askedFor && !isNamedAsCollection(file.name);
  if (mustBear && !/"(?:kind|services)"\s*:/.test(file.text) && !bearsMark(file.text, file.formats)) return;
  for (const document of splitDocuments(file.text)) {
    const value = readUseful(file, document, findings);
    if (value !== null) await scanDocument(value, file, signal, findings);
  }
}

/** Adds the images of a JSON file that is too large to be read whole. One that is not asked for has to hold manifests. */
export async function scanLargeJson(
  file: Omit<YamlFile, "text">,
  pieces: AsyncIterable<string>,
  signal: AbortSignal,
  findings: Findings,
): Promise<void> {
  try {
    for await (const document of splitJson(pieces)) {
      signal.throwIfAborted();
      if (!file.askedFor && !/"kind"\s*:/.test(document.text)) continue;
      const value = readUseful({ ...file, text: "" }, document, findings);
      if (value !== null) await scanDocument(value, { ...file, text: "" }, signal, findings);
    }
  } catch (error) {
    signal.throwIfAborted();
    const line = error instanceof JsonPartTooLarge ? error.line : null;
    findings.error({ file: file.path, line }, `it cannot be read to its end: ${describeFailure(error)}`);
  }
}

async function scanDocument(document: Located, file: YamlFile, signal: AbortSignal, findings: Findings): Promise<void> {
  if (await readKnownDocument(document, file, file.formats, signal, findings)) return;
  const items = (stringAt(document, "kind") ?? "").endsWith("List") ? itemsAt(document, "items") : [];
  if (items.length > 0) {
    for (const item of items) await scanItem(item, file, signal, findings);
  } else if (isKubernetesDocument(document)) {
    scanManifest(document, manifestContext("kubernetes"), findings);
  } else if (isCollection(document, file) && scanImageCollection(document, findings)) {
    return;
  } else if (file.askedFor || /values/i.test(file.name)) {
    scanManifest(document, { ...manifestContext("values"), guess: true }, findings);
  }
}

/** What kubectl prints of several resources is a list of documents; those of one kind may leave it out. */
async function scanItem(item: Located, file: YamlFile, signal: AbortSignal, findings: Findings): Promise<void> {
  if (isKubernetesDocument(item)) await scanDocument(item, file, signal, findings);
  else scanManifest(item, manifestContext("kubernetes"), findings);
}

/** May the document be a list of images, by its file's name, or as the user says who names the file? */
function isCollection(document: Located, file: YamlFile): boolean {
  if (isNamedAsCollection(file.name)) return true;
  return file.askedFor && (document.type === "list" || valueAt(document, "images")?.type === "list");
}

/** Has the document read by the first format that recognizes it; false when none does. ConfigMaps and Secrets are noted for those that refer to them. */
export async function readKnownDocument(
  document: Located,
  file: DocumentFile,
  formats: readonly DocumentFormat[],
  signal: AbortSignal,
  findings: Findings,
): Promise<boolean> {
  if (document.type !== "map") return false;
  if (/^(?:ConfigMap|Secret)$/.test(stringAt(document, "kind") ?? "")) findings.declare(document);
  const format = formats.find((candidate) => candidate.recognizes(document, file));
  await format?.read(document, file, findings, signal);
  return format !== undefined;
}

function manifestContext(source: ImageSource): ManifestContext {
  return { source, guess: false, embedding: 0 };
}

/** Reads a document that may name images; null for the others, which are only looked at for being broken. */
function readUseful(file: YamlFile, document: DocumentText, findings: Findings): Located | null {
  const { text, firstLine } = document;
  // A list that the user names is one of images, though it does not say so.
  const isGivenList = file.askedFor && /^\s*(?:---\s*)?(?:\[|- )/.test(text);
  const mayBeUseful =
    isGivenList || mayNameImages(text) || isNamedAsCollection(file.name) || bearsMark(text, file.formats);
  if (!mayBeUseful && isSoundYaml(text)) return null;
  const reading = new Findings();
  const value = readDocument(document, linesOf(file.path), reading);
  const isTemplate = value === null && /\{\{|\{%/.test(text);
  if (!isTemplate) findings.add(reading);
  if (value !== null) return value;
  // A template that is not in a chart, or a broken document: its lines with images are read or named.
  const origin = (line: number) => ({ file: file.path, line: line + firstLine - 1 });
  scanImageLines(text, origin, manifestContext("kubernetes"), findings);
  return null;
}

/** May the text be a document of another tool's? */
function bearsMark(text: string, formats: readonly DocumentFormat[]): boolean {
  return formats.some(({ mark }) => mark.test(text));
}
