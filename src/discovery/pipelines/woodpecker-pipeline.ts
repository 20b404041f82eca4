/** Pipelines of Drone and Woodpecker. Source: Drone's docker pipelines; Woodpecker 3's workflow syntax. */
import { type Located, type LocatedMap, stringAt, textAt, valueAt } from "../found/located-value.ts";
import type { DocumentFormat } from "../files/document-format.ts";
import { crossProduct, matrixRows, type MatrixRow, textIn } from "./job-matrix.ts";
import { expandExpressions, PipelineImages } from "./pipeline-images.ts";

const LISTS = ["clone", "steps", "pipeline", "services"];

export const woodpeckerPipeline: DocumentFormat = {
  tool: "Drone and Woodpecker",
  mark: /(?:^|[\s{])(?:steps|pipeline|clone)\s*:/m,
  recognizes: (document, { path }) =>
    stringAt(document, "kind") === "pipeline" ||
    (!document.entries.has("apiVersion") &&
      !document.entries.has("jobs") &&
      (/(?:^|\/)\.woodpecker(?:\.ya?ml$|\/)/.test(path) || stepsOf(document).some(isStep))),
  read(document, _file, findings) {
    const rows = rowsOf(valueAt(document, "matrix"));
    const images = new PipelineImages(findings, (text) =>
      expandExpressions(text, /\$\{\{?\s*(\w+)\s*\}?\}|\$(\w+)/g, rows, (name, row) => {
        return textIn(row, [name]) ?? textAt(valueAt(document, "variables"), name);
      }),
    );
    for (const step of stepsOf(document)) images.add(valueAt(step, "image"), "name");
    images.close();
  },
};

function stepsOf(document: LocatedMap): Located[] {
  return LISTS.flatMap((key) => {
    const steps = valueAt(document, key);
    if (steps?.type === "list") return [...steps.items];
    return steps?.type === "map" ? [...steps.entries.values()] : [];
  });
}

function isStep(step: Located): boolean {
  return valueAt(step, "image") !== null && (valueAt(step, "commands") ?? valueAt(step, "settings")) !== null;
}

/** Each name of Woodpecker's matrix has its list; `include` lists whole combinations. */
function rowsOf(matrix: Located | null): readonly MatrixRow[] {
  if (matrix?.type !== "map" || matrix.entries.has("include")) return matrixRows(matrix);
  return crossProduct(
    [...matrix.entries].flatMap(([name, list]) => (list.type === "list" ? [[name, list.items]] : [])),
  );
}
