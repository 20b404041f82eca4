/** The images that Chart.yaml lists for others to see. Source: artifacthub.io, "Helm annotations"; Bitnami's charts. */
import { Findings } from "../found/found-image.ts";
import { itemsAt, type Located, type LocatedScalar, valueAt } from "../found/located-value.ts";
import { type LineOrigin, readDocuments } from "../files/yaml-documents.ts";

const KEYS = ["artifacthub.io/images", "images"];

/**
 * Adds what the annotations name and `known` does not: images of operands, or of what the values switch off. They are
 * guesses, since the chart itself may never run them.
 */
export function scanChartAnnotations(chartFile: string, origin: LineOrigin, known: Findings, findings: Findings): void {
  const names = new Set(known.images.map(({ written }) => written));
  for (const document of readDocuments(chartFile, origin, new Findings())) {
    for (const key of KEYS) {
      const value = valueAt(document, "annotations", key);
      if (value?.type !== "scalar") continue;
      for (const image of imagesOf(value)) {
        if (!names.has(image.text)) findings.image(image, image.text, "guess", "helm");
      }
    }
  }
}

/** The annotation is YAML in a text: a list of `{name, image}`. It is no template, whatever stands in it. */
function imagesOf({ text, textPlace, line, file }: LocatedScalar): LocatedScalar[] {
  const origin: LineOrigin = textPlace ?? (() => ({ file, line }));
  const lists = readDocuments(text, origin, new Findings());
  return lists.flatMap(listItems).flatMap((entry) => {
    const image = entry.type === "scalar" ? entry : valueAt(entry, "image");
    return image?.type === "scalar" && typeof image.value === "string" ? [image] : [];
  });
}

function listItems(value: Located): readonly Located[] {
  return value.type === "list" ? value.items : itemsAt(value, "images");
}
