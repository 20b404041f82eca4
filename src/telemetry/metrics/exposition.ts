import type { MetricDefinition, MetricFamily, Sample } from "./metric-family.ts";

/**
 * A format that Prometheus reads metrics in: `text`, which every version reads, or OpenMetrics.
 *
 * Source: prometheus.io, "Exposition formats", text format 0.0.4; OpenMetrics 1.0.0, "Text format".
 */
export type ExpositionFormat = "text" | "openmetrics";

/** The Content-Type of each format. */
export const CONTENT_TYPE: Readonly<Record<ExpositionFormat, string>> = {
  text: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/**
 * The format that an `Accept` header prefers, `text` when it names neither. Among equals it is OpenMetrics, which only
 * those ask for who know it. Source: RFC 9110, section 12.5.1.
 */
export function chooseFormat(accept: string | null): ExpositionFormat {
  let [openmetrics, text] = [0, 0];
  for (const range of (accept ?? "").split(",", ACCEPT_LIMIT)) {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    const quality = qualityOf(parameters);
    if (type === "application/openmetrics-text" && isOurVersion(parameters))
      openmetrics = Math.max(openmetrics, quality);
    else if (/^(?:text\/plain|text\/\*|\*\/\*)$/.test(type)) text = Math.max(text, quality);
  }
  return openmetrics > 0 && openmetrics >= text ? "openmetrics" : "text";
}

/** Prometheus itself names four. */
const ACCEPT_LIMIT = 20;

function isOurVersion(parameters: readonly string[]): boolean {
  const version = parameters.find((parameter) => parameter.startsWith("version="))?.slice("version=".length);
  return version === undefined || /^"?(?:1\.0\.0|0\.0\.1)"?$/.test(version);
}

function qualityOf(parameters: readonly string[]): number {
  const text = parameters.find((parameter) => parameter.startsWith("q="))?.slice("q=".length) ?? "1";
  const quality = Number(text);
  return quality >= 0 && quality <= 1 ? quality : 0;
}

/** Formats the metrics for Prometheus; those that have no value now are left out. */
export function formatExposition(families: Iterable<MetricFamily>, format: ExpositionFormat): string {
  const lines: string[] = [];
  for (const family of families) {
    const samples = [...family.samples()].map((sample) => formatSample(family.definition, sample));
    if (samples.length > 0) lines.push(...formatHeader(family.definition, format), ...samples);
  }
  if (format === "openmetrics") lines.push("# EOF");
  return `${lines.join("\n")}\n`;
}

function formatHeader({ kind, name, help }: MetricDefinition, format: ExpositionFormat): readonly string[] {
  // OpenMetrics names a counter without its ending.
  const family = format === "openmetrics" && kind === "counter" ? name.slice(0, -"_total".length) : name;
  const escaped = help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  const text = format === "openmetrics" ? escaped.replaceAll('"', '\\"') : escaped;
  return [`# HELP ${family} ${text}`, `# TYPE ${family} ${kind}`];
}

function formatSample({ name, labels }: MetricDefinition, { suffix, labels: values, le, value }: Sample): string {
  const pairs = labels.map((label, index) => `${label}="${escapeValue(values[index] ?? "")}"`);
  // As OpenMetrics wants it, in both formats: else a series would change its name with the format.
  if (le !== null) pairs.push(`le="${Number.isInteger(le) ? `${le}.0` : formatNumber(le)}"`);
  return `${name}${suffix}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${formatNumber(value)}`;
}

function escapeValue(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}

function formatNumber(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value);
}
