/** Manifests, templates and scripts that documents keep in strings: what they name is a guess. */
import { Findings, type ImageSource } from "../found/found-image.ts";
import type { Place } from "../found/place.ts";
import { imagesInText, isBareName, isLikelyImage, isTemplated } from "../found/image-text.ts";
import type { Located, LocatedScalar } from "../found/located-value.ts";
import { type LineOrigin, readDocuments } from "./yaml-documents.ts";

const EMBEDDING_LIMIT = 3;
const TEXT_LIMIT = 2 * 1024 * 1024;
const IMAGE_LINE = /^\s*(?:-\s+)?["']?image["']?\s*:\s*(\S.*?)\s*$/;

/** How a document is to be read. */
export type ManifestContext = {
  readonly source: ImageSource;
  /** All that is found is a guess, as in values files or manifests kept in strings. */
  readonly guess: boolean;
  /** How many strings deep the document was found. */
  readonly embedding: number;
};

/** Reads a document; the manifest reader, which this one calls and is called by. */
export type ManifestScanner = (document: Located, context: ManifestContext, findings: Findings) => void;

/** Adds what a string of several lines names, as guesses with the lines of the file that holds the string. */
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
  const origin: LineOrigin = (line) => ({
    file: scalar.file,
    line: keepsLines && first !== null ? first + line - 1 : first,
  });
  if (/\bimage["']?\s*:/.test(text)) {
    const inner = new Findings();
    const documents = readDocuments(text, origin, inner);
    const deeper = { ...context, guess: true, embedding: context.embedding + 1 };
    if (inner.problems.length === 0) for (const document of documents) scanManifest(document, deeper, findings);
    else scanImageLines(text, origin, deeper, findings);
  } else {
    for (const [index, line] of text.split("\n").entries()) {
      for (const image of imagesInText(line)) findings.image(origin(index + 1), image, "guess", context.source);
    }
  }
}

/** Adds what the `image:` lines of a text say that cannot be read as YAML, a template's for instance. */
export function scanImageLines(text: string, origin: LineOrigin, context: ManifestContext, findings: Findings): void {
  for (const [index, line] of text.split("\n").entries()) {
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
    } else if (isLikelyImage(image) || isBareName(image)) {
      findings.image(place, image, "guess", context.source);
    }
  }
}
