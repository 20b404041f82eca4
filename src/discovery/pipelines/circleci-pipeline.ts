/** CircleCI's configuration. Source: CircleCI's configuration reference (2.1): jobs, executors, orbs, parameters. */
import { type Findings } from "../found/found-image.ts";
import { itemsAt, type Located, type LocatedMap, textAt, valueAt } from "../found/located-value.ts";
import type { DocumentFormat } from "../files/document-format.ts";
import { crossProduct } from "./job-matrix.ts";
import { type Expansion, expandExpressions, PipelineImages } from "./pipeline-images.ts";

export const circleciPipeline: DocumentFormat = {
  tool: "CircleCI",
  mark: /(?:^|[\s{])docker\s*:/m,
  recognizes: (document, { path }) =>
    (document.entries.has("jobs") || document.entries.has("executors") || document.entries.has("orbs")) &&
    (/(?:^|\/)\.circleci\//.test(path) ||
      holdersOf(document).some(([, holder]) => itemsAt(holder, "docker").length > 0)),
  read(document, _file, findings) {
    const images = new PipelineImages(findings);
    readHolders(document, document, images, findings);
    images.close();
  },
};

function readHolders(holder: LocatedMap, document: LocatedMap, images: PipelineImages, findings: Findings): void {
  for (const [name, job] of holdersOf(holder)) {
    for (const image of itemsAt(job, "docker")) {
      images.add(image, "image", { expand: (text) => expandParameters(text, name, job, document) });
    }
  }
  const orbs = valueAt(holder, "orbs");
  for (const [name, orb] of orbs?.type === "map" ? orbs.entries : []) {
    if (orb.type === "map") readHolders(orb, document, images, findings);
    else if (orb.type === "scalar") findings.missing(orb, `the orb ${name} (${orb.text.slice(0, 200)})`);
  }
}

/** Jobs and executors, by their names. */
function holdersOf(document: LocatedMap): [string, Located][] {
  return ["jobs", "executors"].flatMap((key) => {
    const holders = valueAt(document, key);
    return holders?.type === "map" ? [...holders.entries] : [];
  });
}

/** A parameter is what callers give it, and its default. */
function expandParameters(text: string, name: string, job: Located, document: LocatedMap): Expansion {
  const pattern = /<<\s*((?:pipeline\.)?parameters\.[\w.-]+)\s*>>/g;
  const wanted = new Set([...text.matchAll(pattern)].map(([, expression = ""]) => expression));
  const lists = [...wanted].map((expression): [string, Located[]] => {
    const parameter = expression.slice(expression.lastIndexOf(".") + 1);
    const isGlobal = expression.startsWith("pipeline.");
    const values = isGlobal ? [] : givenTo(name, parameter, document);
    const fallback = valueAt(isGlobal ? document : job, "parameters", parameter, "default");
    return [expression, fallback === null ? values : [fallback, ...values]];
  });
  // A text in a list that is empty has no combination at all: what lacks a value is said so.
  const rows = crossProduct(lists.filter(([, values]) => values.length > 0));
  return expandExpressions(text, pattern, rows, (expression, row) => {
    const value = row.get(expression);
    return value?.type === "scalar" ? value.text : null;
  });
}

/** The values that workflows and jobs give a job's or executor's parameter. */
function givenTo(name: string, parameter: string, document: LocatedMap): Located[] {
  const values: Located[] = [];
  const take = (call: Located) => {
    const value = valueAt(call, parameter);
    if (value?.type === "scalar") values.push(value);
    values.push(...itemsAt(call, "matrix", "parameters", parameter));
  };
  const visit = (value: Located, depth: number): void => {
    if (depth > 12) return;
    if (value.type === "list") for (const item of value.items) visit(item, depth + 1);
    if (value.type !== "map") return;
    if (textAt(value, "name") === name) take(value);
    for (const [key, item] of value.entries) {
      if (key === name) take(item);
      visit(item, depth + 1);
    }
  };
  visit(document, 0);
  return values;
}
