/** The images of a chart: rendered by Helm when it is there, by our own reading of the templates otherwise. */
import { join } from "node:path";
import { scanImageLines } from "../files/embedded-text.ts";
import type { ManifestContext } from "../files/manifest-context.ts";
import { Findings } from "../found/found-image.ts";
import type { Place } from "../found/place.ts";
import { mayNameImages } from "../found/image-text.ts";
import { scanManifest } from "../files/kubernetes-manifest.ts";
import { type Located, stringAt } from "../found/located-value.ts";
import { type LineOrigin, readDocument, splitDocuments } from "../files/yaml-documents.ts";
import { type ChartFault, loadChart } from "./chart.ts";
import type { ChartFiles } from "./chart-files.ts";
import { composeValues } from "./chart-values.ts";
import type { HelmTemplate } from "./helm-program.ts";
import { type RenderedTemplate, type Rendering, renderChart } from "./render-chart.ts";

/** Where a chart lies: its folder or archive, as findings shall name it. */
export type ChartLocation = { readonly path: string; readonly files: ChartFiles };

const CONTEXT: ManifestContext = { source: "helm", guess: false, embedding: 0 };

/** Adds the images that the chart brings with its own values. `helm` is null when it is not installed. */
export async function scanChart(
  { path, files }: ChartLocation,
  helm: HelmTemplate | null,
  signal: AbortSignal,
  findings: Findings,
): Promise<void> {
  const own = readChart(path, files);
  if (helm === null) {
    findings.note(
      { file: path, line: null },
      "helm is not on the PATH: the chart's values and templates were read without it",
    );
    findings.add(own);
    return;
  }
  try {
    findings.add(readHelmOutput(path, await helm(path, signal), own));
  } catch (error) {
    signal.throwIfAborted();
    const message = error instanceof Error ? error.message : String(error);
    findings.note({ file: path, line: null }, `helm does not render the chart (${message}): it was read without helm`);
    findings.add(own);
  }
}

/** What our own reading of the chart finds. */
export function readChart(path: string, files: ChartFiles): Findings {
  const findings = new Findings();
  const faults: ChartFault[] = [];
  const chart = loadChart(files, faults);
  for (const fault of faults) findings.error({ file: join(path, fault.file), line: null }, fault.message);
  if (chart === null) return findings;
  const use = composeValues(chart, new Map(), (parent, dependency) => {
    const place = { file: join(path, parent.folder, "Chart.yaml"), line: null };
    findings.error(
      place,
      `the dependency ${JSON.stringify(dependency.name)} is not in charts/: run helm dependency update`,
    );
  });
  const rendering = renderChart(use);
  for (const { file, line, message } of rendering.faults) findings.error({ file: join(path, file), line }, message);
  for (const refusal of rendering.refusals) {
    findings.note({ file: path, line: null }, `the chart refuses its own default values: ${refusal}`);
  }
  for (const template of rendering.templates) findings.add(explained(readRendered(path, template), rendering));
  for (const reason of rendering.unresolved)
    findings.note({ file: path, line: null }, `left open in the templates: ${reason}`);
  return findings;
}

function readRendered(path: string, { file, text, lines }: RenderedTemplate): Findings {
  const findings = new Findings();
  const origin: LineOrigin = (line) => ({ file: join(path, file), line: lines[line - 1] ?? null });
  scanRendered(text, origin, findings);
  return findings;
}

function scanRendered(text: string, origin: LineOrigin, findings: Findings): void {
  for (const document of splitDocuments(text)) {
    if (!mayNameImages(document.text)) continue;
    const reading = new Findings();
    const value = readDocument(document, origin, reading);
    findings.add(reading);
    if (value !== null) scanManifest(value, { ...CONTEXT, guess: isTest(value) }, findings);
    else if (reading.problems.length > 0) {
      scanImageLines(document.text, (line) => origin(line + document.firstLine - 1), CONTEXT, findings);
    }
  }
}

/** Tests are rendered with the chart and run only by `helm test`. */
function isTest(document: Located): boolean {
  return /(?:^|,)\s*test/.test(stringAt(document, "metadata", "annotations", "helm.sh/hook") ?? "");
}

/** The findings, with the reasons in place of the marks that unresolved values left. */
function explained(findings: Findings, { unresolved }: Rendering): Findings {
  const result = new Findings();
  for (const image of findings.images) result.image(image, image.written, image.kind, image.source);
  for (const problem of findings.problems) {
    const reasons = new Set<string>();
    const message = problem.message.replace(/__unresolved_(\d+)__/g, (_, index: string) => {
      reasons.add(unresolved[Number(index)] ?? "");
      return "{{ … }}";
    });
    const why = reasons.size === 0 ? "" : `: ${[...reasons].join("; ")}`;
    if (problem.severity === "error") result.error(problem, message + why);
    else result.note(problem, message + why);
  }
  return result;
}

/**
 * What Helm's output names. Helm says which template a document comes from and not which line: that is taken from our
 * own reading where it found the same image in the same template.
 */
function readHelmOutput(path: string, output: string, own: Findings): Findings {
  const rendered = new Findings();
  let source: Place = { file: path, line: null };
  for (const part of output.split(/^(?=---\n# Source: )/m)) {
    const name = /^---\n# Source: [^/\n]+\/(.+)$/m.exec(part)?.[1];
    source = { file: name === undefined ? path : join(path, name), line: null };
    const place = source;
    scanRendered(part, () => place, rendered);
  }
  const result = new Findings();
  const lineOf = (place: Place, written: string) => {
    const candidates = own.images.filter((found) => found.written === written);
    // Helm writes a subchart's alias where its folder's name belongs.
    const same =
      candidates.find(({ file }) => file === place.file) ??
      candidates.find(({ file }) => templateOf(file) === templateOf(place.file));
    return same === undefined ? place : { file: same.file, line: same.line };
  };
  for (const found of rendered.images) result.image(lineOf(found, found.written), found.written, found.kind, "helm");
  for (const { severity, message, ...place } of rendered.problems) result[severity](place, message);
  return result;
}

function templateOf(file: string): string {
  return file.slice(file.lastIndexOf("/templates/") + 1);
}
