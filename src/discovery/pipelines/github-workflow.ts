/**
 * Workflows and actions of GitHub, Gitea and Forgejo.
 *
 * Source: GitHub's workflow syntax and metadata syntax (2025): jobs.J.container, services, strategy.matrix, uses; runs.
 */
import { dirname, join } from "node:path";
import type { Findings } from "../found/found-image.ts";
import { itemsAt, type Located, type LocatedMap, stringAt, textAt, valueAt } from "../found/located-value.ts";
import type { DocumentFormat } from "../files/document-format.ts";
import { matrixRows, type MatrixRow, textIn } from "./job-matrix.ts";
import { type Expansion, expandExpressions, PipelineImages } from "./pipeline-images.ts";

export const githubWorkflow: DocumentFormat = {
  tool: "GitHub Actions",
  mark: /\b(?:runs-on|uses|using)["']?\s*:/,
  recognizes: (document, { path }) =>
    isAction(document) || jobsOf(document).some((job) => isJob(job) || /\.(?:github|gitea|forgejo)\//.test(path)),
  read(document, file, findings) {
    if (isAction(document)) readAction(document, file.path, findings);
    else readWorkflow(document, findings);
  },
};

function jobsOf(document: LocatedMap): Located[] {
  const jobs = valueAt(document, "jobs");
  return jobs?.type === "map" ? [...jobs.entries.values()] : [];
}

function isJob(job: Located): boolean {
  return valueAt(job, "runs-on") !== null || /\.ya?ml(?:@|$)/.test(stringAt(job, "uses") ?? "");
}

function isAction(document: LocatedMap): boolean {
  return stringAt(document, "runs", "using") !== null;
}

function readWorkflow(document: LocatedMap, findings: Findings): void {
  const images = new PipelineImages(findings);
  for (const job of jobsOf(document)) {
    const rows = matrixRows(valueAt(job, "strategy", "matrix"));
    const expand = (text: string) => expandText(text, rows, document, job);
    images.add(valueAt(job, "container"), "image", { expand });
    const services = valueAt(job, "services");
    for (const service of services?.type === "map" ? services.entries.values() : []) {
      images.add(service, "image", { expand });
    }
    readSteps(itemsAt(job, "steps"), images, expand);
    const workflow = valueAt(job, "uses");
    if (workflow?.type === "scalar" && !workflow.text.startsWith("./")) {
      findings.missing(workflow, `the workflow ${workflow.text.slice(0, 200)}`);
    }
  }
  images.close();
}

function readAction(document: LocatedMap, path: string, findings: Findings): void {
  const images = new PipelineImages(findings);
  readSteps(itemsAt(document, "runs", "steps"), images, (text) => ({ texts: [text], missing: [] }));
  const image = valueAt(document, "runs", "image");
  if (image?.type === "scalar" && image.text.startsWith("docker://")) images.add(image, "image");
  else if (image?.type === "scalar" && image.text !== "") {
    const dockerfile = { path: join(dirname(path), image.text) };
    findings.build({ file: image.file, line: image.line, dockerfile, args: new Map(), contexts: new Map() });
  }
  images.close();
}

/** A step runs an image where it `uses` one: other actions are programs. */
function readSteps(steps: readonly Located[], images: PipelineImages, expand: (text: string) => Expansion): void {
  for (const step of steps) {
    const uses = valueAt(step, "uses");
    if (uses?.type === "scalar" && uses.text.startsWith("docker://")) images.add(uses, "image", { expand });
  }
}

function expandText(text: string, rows: readonly MatrixRow[], document: LocatedMap, job: Located): Expansion {
  return expandExpressions(text, /\$\{\{(.*?)\}\}/gs, rows, (expression, row) => {
    let value: string | null = null;
    // `a || b`: the first that is not empty.
    for (const part of expression.split("||")) {
      value = valueOf(part.trim(), row, document, job);
      if (value === null || value !== "") break;
    }
    return value;
  });
}

function valueOf(term: string, row: MatrixRow, document: LocatedMap, job: Located): string | null {
  const literal = /^'((?:[^']|'')*)'$/.exec(term)?.[1];
  if (literal !== undefined) return literal.replaceAll("''", "'");
  const [context, name = "", ...rest] = term.split(".");
  switch (context) {
    case "matrix":
      return textIn(row, [name, ...rest]) ?? (row.size > 0 && !row.has(name) ? "" : null);
    case "env":
      return textAt(valueAt(job, "env"), name) ?? textAt(valueAt(document, "env"), name);
    case "inputs": {
      const triggers = ["workflow_call", "workflow_dispatch"].map((trigger) => valueAt(document, "on", trigger));
      const inputs = triggers.flatMap((trigger) => valueAt(trigger, "inputs", name) ?? []);
      // An input that nobody declares is empty.
      return inputs.length === 0 ? "" : (inputs.flatMap((input) => textAt(input, "default") ?? [])[0] ?? null);
    }
    default:
      return null;
  }
}
