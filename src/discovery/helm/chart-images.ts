/** The images of a chart: rendered by Helm when it is there, by our own reading of the templates otherwise. */
import { join } from "node:path";
import { toText } from "../../lib/go-template/cast-value.ts";
import { printJson } from "../../lib/go-template/print-json.ts";
import { satisfies } from "../../lib/go-template/semantic-version.ts";
import type { TemplateMap } from "../../lib/go-template/template-value.ts";
import { scanImageLines } from "../files/embedded-text.ts";
import type { ManifestContext } from "../files/manifest-context.ts";
import { Findings } from "../found/found-image.ts";
import type { Place } from "../found/place.ts";
import { mayNameImages } from "../found/image-text.ts";
import { scanManifest } from "../files/kubernetes-manifest.ts";
import { type Located, stringAt } from "../found/located-value.ts";
import { linesOf, type LineOrigin, readDocument, splitDocuments } from "../files/yaml-documents.ts";
import { scanChartAnnotations } from "./chart-annotations.ts";
import { ChartCauses } from "./chart-findings.ts";
import { type Chart, type ChartFault, loadChart } from "./chart.ts";
import type { ChartFiles } from "./chart-files.ts";
import { chooseSubcharts } from "./choose-subcharts.ts";
import type { HelmTemplate } from "./helm-program.ts";
import { DEFAULT_HELM, type HelmMajor } from "./helm-rules.ts";
import { composeValues, dropNulls } from "./merge-values.ts";
import { type RenderedTemplate, type Rendering, renderChart } from "./render-chart.ts";
import { KUBERNETES_VERSION } from "./template-objects.ts";

/** Where a chart lies: its folder or archive, as findings shall name it. */
export type ChartLocation = { readonly path: string; readonly files: ChartFiles };

const CONTEXT: ManifestContext = { source: "helm", guess: false, embedding: 0 };

/** How charts are read. */
export type ChartRules = {
  /** Renders them; null: they are read here. */
  readonly program: HelmTemplate | null;
  /** Whose rules hold where they are read here. */
  readonly helm: HelmMajor;
  /** Was that asked for? Else it is said where it matters. */
  readonly isChosen: boolean;
  /** Values over the charts' own. */
  readonly values: TemplateMap;
};

/** Charts are read here, by today's Helm's rules, with their own values. */
export const PLAIN_RULES: ChartRules = { program: null, helm: DEFAULT_HELM, isChosen: false, values: new Map() };

/** Adds the images that the chart brings. */
export async function scanChart(
  { path, files }: ChartLocation,
  rules: ChartRules,
  signal: AbortSignal,
  findings: Findings,
): Promise<void> {
  const own = readChart(path, files, rules.helm, rules.values);
  if (rules.program === null) {
    findings.add(own);
    if (!rules.isChosen) noteOtherRules(path, files, rules, own, findings);
    return;
  }
  try {
    findings.add(readHelmOutput(path, await rules.program(path, signal), own));
  } catch (error) {
    signal.throwIfAborted();
    const message = error instanceof Error ? error.message : String(error);
    findings.note({ file: path, line: null }, `helm does not render the chart (${message}): it was read without helm`);
    findings.add(own);
  }
}

/** What our own reading of the chart finds. */
export function readChart(path: string, files: ChartFiles, helm: HelmMajor, given: TemplateMap = new Map()): Findings {
  const findings = new Findings();
  const faults: ChartFault[] = [];
  const chart = loadChart(files, faults);
  for (const fault of faults) findings.error({ file: join(path, fault.file), line: null }, fault.message);
  if (chart === null) return findings;
  chooseSubcharts(chart, given, helm, (parent, { name }) => {
    const place = { file: join(path, parent.folder, "Chart.yaml"), line: null };
    findings.error(place, `the dependency ${JSON.stringify(name)} is not in charts/: run helm dependency update`);
  });
  noteKubernetes(path, chart, findings);
  readRendering(path, renderChart(chart, composeValues(chart, given, { helm, keepsNulls: false }), helm), findings);
  readPlainParts(path, chart, findings);
  return findings;
}

/** Helm 3 and 4 make different lists of few charts: of those it is said whose list this is. */
function noteOtherRules(
  path: string,
  files: ChartFiles,
  { helm, values }: ChartRules,
  own: Findings,
  findings: Findings,
): void {
  const other = helm === 3 ? 4 : 3;
  if (outlineOf(files, helm, values) === outlineOf(files, other, values)) return;
  const names = (found: Findings) => [...new Set(found.images.map(({ written }) => written))].sort().join(" ");
  if (names(readChart(path, files, other, values)) === names(own)) return;
  const message = `Helm ${helm} and Helm ${other} render this chart differently: these are Helm ${helm}'s images (--helm ${other} lists the other's)`;
  findings.note({ file: path, line: null }, message);
}

/** What the two can differ in: the values, nulls aside, and which charts are rendered. */
function outlineOf(files: ChartFiles, helm: HelmMajor, given: TemplateMap): string {
  const chart = loadChart(files, []);
  if (chart === null) return "";
  chooseSubcharts(chart, given, helm, () => {});
  const paths = (one: Chart): string[] => [one.fullPath, ...one.subcharts.flatMap(paths)];
  const values = dropNulls(composeValues(chart, given, { helm, keepsNulls: false }));
  return `${paths(chart).join(" ")} ${printJson(values)}`;
}

/** A chart for other versions of Kubernetes than today's is not rendered by Helm, and read here all the same. */
function noteKubernetes(path: string, chart: Chart, findings: Findings): void {
  const wanted = toText(chart.metadata.get("kubeVersion") ?? "");
  if (wanted === "" || satisfies(KUBERNETES_VERSION, wanted)) return;
  const place = { file: join(path, "Chart.yaml"), line: null };
  findings.note(place, `the chart is for Kubernetes ${wanted}, and was read as for ${KUBERNETES_VERSION}`);
}

function readRendering(path: string, rendering: Rendering, findings: Findings): void {
  const causes = new ChartCauses(path, rendering);
  for (const { file, line, message } of rendering.faults) causes.fault(file ?? "", line, message, true);
  for (const doubt of rendering.undecided) causes.doubt(doubt, true);
  for (const { reason, place } of rendering.refusals)
    causes.doubt({ reason: `the chart refuses its own default values: ${reason}`, place }, false);
  for (const template of rendering.templates) {
    const found = readRendered(path, template);
    for (const image of found.images) findings.image(image, image.written, image.kind, image.source);
    for (const problem of found.problems) causes.problem(problem);
  }
  for (const doubt of rendering.doubts) causes.doubt(doubt, false);
  causes.report(findings);
}

function readRendered(path: string, { file, text, lines }: RenderedTemplate): Findings {
  const findings = new Findings();
  const origin: LineOrigin = (line) => ({ file: join(path, file), line: lines[line - 1] ?? lines.at(-1) ?? null });
  scanRendered(text, origin, findings);
  return findings;
}

/** What is no template: custom resources that Helm installs first, and the images that Chart.yaml lists. */
function readPlainParts(path: string, root: Chart, findings: Findings): void {
  const read = (chart: Chart): void => {
    for (const [name, text] of chart.files) {
      const file = join(path, chart.folder, name);
      if (/^crds\/.*\.(?:ya?ml|json)$/i.test(name)) scanRendered(text, linesOf(file), findings);
      if (name === "Chart.yaml") scanChartAnnotations(text, linesOf(file), findings, findings);
    }
    chart.subcharts.forEach(read);
  };
  read(root);
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

/**
 * What Helm's output names. Helm says which template a document comes from and not which line: that is taken from our
 * own reading where it found the same image in the same template. What Helm does not print is as we read it.
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
  const known = new Set(rendered.images.map(({ written }) => written));
  for (const found of own.images) {
    const isPlainPart = /(?:^|\/)(?:crds\/.*|Chart\.yaml)$/.test(found.file.slice(path.length));
    if (isPlainPart && !known.has(found.written)) result.image(found, found.written, found.kind, "helm");
  }
  return result;
}

function templateOf(file: string): string {
  return file.slice(file.lastIndexOf("/templates/") + 1);
}
