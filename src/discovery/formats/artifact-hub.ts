/** What Artifact Hub shows of a package: `artifacthub-pkg.yml`, and the annotation of charts. Source: Artifact Hub's documentation of both. */
import type { DocumentFormat } from "../files/document-format.ts";
import { readDocuments } from "../files/yaml-documents.ts";
import { itemsAt, type Located, type LocatedScalar, stringAt, valueAt } from "../found/located-value.ts";
import type { Findings } from "../found/found-image.ts";
import { listImage } from "./listed-image.ts";

const ANNOTATION = "artifacthub.io/images";

export const artifactHub: DocumentFormat = {
  tool: "Artifact Hub",
  mark: /containersImages|artifacthub\.io\/images/,
  recognizes: (document) =>
    !document.entries.has("kind") &&
    (valueAt(document, "containersImages")?.type === "list" || stringAt(document, "annotations", ANNOTATION) !== null),
  read(document, _file, findings) {
    for (const image of itemsAt(document, "containersImages")) readImage(image, findings);
    const annotation = valueAt(document, "annotations", ANNOTATION);
    if (annotation?.type !== "scalar") return;
    for (const list of readDocuments(annotation.text, linesWithin(annotation), findings)) {
      for (const image of list.type === "list" ? list.items : []) readImage(image, findings);
    }
  },
};

function readImage(image: Located, findings: Findings): void {
  const platforms = itemsAt(image, "platforms").flatMap((item) => (item.type === "scalar" ? [item.text] : []));
  // One platform is what it is for; several are what there is.
  listImage(valueAt(image, "image"), findings, platforms.length === 1 ? (platforms[0] ?? null) : null);
}

function linesWithin({ file, line, textLine }: LocatedScalar) {
  const keepsLines = textLine !== line;
  return (at: number) => ({ file, line: keepsLines && textLine !== null ? textLine + at - 1 : textLine });
}
