/** YAML and JSON files of any kind: which document is what, and who reads it. */
import type { DocumentFile, DocumentFormat } from "./document-format.ts";
import { scanImageLines } from "./embedded-text.ts";
import type { ManifestContext } from "./manifest-context.ts";
import { Findings, type ImageSource } from "../found/found-image.ts";
import { isLikelyImage, mayNameImages } from "../found/image-text.ts";
import { isKubernetesDocument, scanManifest } from "./kubernetes-manifest.ts";
import type { Located } from "../found/located-value.ts";
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
  const isOurs = /"(?:kind|services)"\s*:/.test(file.text) || bearsMark(file.text, file.formats);
  if (/\.json$/i.test(file.name) && !file.askedFor && !isOurs) return;
  for (const document of splitDocuments(file.text)) {
    const value = readUseful(file, document, findings);
    if (value !== null) await scanDocument(value, file, signal, findings);
  }
}

async function scanDocument(document: Located, file: YamlFile, signal: AbortSignal, findings: Findings): Promise<void> {
  const format =
    document.type === "map" ? file.formats.find((candidate) => candidate.recognizes(document, file)) : undefined;
  if (format !== undefined && document.type === "map") {
    await format.read(document, file, findings, signal);
  } else if (isKubernetesDocument(document)) {
    scanManifest(document, manifestContext("kubernetes"), findings);
  } else if (document.type === "list" && /image/i.test(file.name)) {
    for (const item of document.items) {
      if (item.type === "scalar" && isLikelyImage(item.text)) findings.image(item, item.text, "field", "list");
    }
  } else if (file.askedFor || /values/i.test(file.name)) {
    scanManifest(document, { ...manifestContext("values"), guess: true }, findings);
  }
}

function manifestContext(source: ImageSource): ManifestContext {
  return { source, guess: false, embedding: 0 };
}

/** Reads a document that may name images; null for the others, which are only looked at for being broken. */
function readUseful(file: YamlFile, document: DocumentText, findings: Findings): Located | null {
  const { text, firstLine } = document;
  if (!mayNameImages(text) && !bearsMark(text, file.formats) && isSound(text)) return null;
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

/** Is it YAML? A parser in native code says so thirty times faster; only what it doubts is read to name the fault. */
function isSound(text: string): boolean {
  try {
    Bun.YAML.parse(text);
    return true;
  } catch {
    // The slower parser finds the line, or that this one was wrong.
    return false;
  }
}
