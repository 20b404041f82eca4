/**
 * The variables by which programs are told where their traces go, as OpenTelemetry's specification has them. They are set by
 * others too, for all programs of a machine or a pod: what cannot be understood is a warning, and no start fails of it.
 *
 * Source: OpenTelemetry specification 1.53, "Environment Variable Specification" and "OpenTelemetry Protocol Exporter".
 */
import type { Given, GivenSettings } from "./given-settings.ts";
import type { SettingKey } from "./settings-table.ts";
import { isAttributeName, isHeaderName, isHeaderValue, tryParseOtlpEndpoint, tryParseShare } from "./tracing-shape.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** What they say, and what of it is not understood. */
export type FromOpenTelemetry = {
  readonly given: GivenSettings;
  /** Why nothing is traced though it should be. */
  readonly warnings: readonly string[];
  /** The same of how traces are sent: of interest where any are. */
  readonly details: readonly string[];
};

const USUAL_ENDPOINT = "http://localhost:4318/v1/traces";
const MOST_MS = 3_600_000;

/** Reads the variables. Empty ones count as unset. */
export function openTelemetryVariables(environment: Environment): FromOpenTelemetry {
  const reading = new Reading(environment);
  if (reading.text("OTEL_SDK_DISABLED")?.toLowerCase() === "true") {
    reading.give("tracing.enabled", false, "OTEL_SDK_DISABLED");
    return reading;
  }
  readEndpoint(reading);
  readHeaders(reading);
  readTimeout(reading);
  readCompression(reading);
  for (const [key, word] of FILES) {
    const name = reading.first(`OTEL_EXPORTER_OTLP_TRACES_${word}`, `OTEL_EXPORTER_OTLP_${word}`);
    if (name !== null) reading.give(key, reading.text(name), name);
  }
  readResource(reading);
  readSampler(reading);
  return reading;
}

const FILES = [
  ["tracing.ca", "CERTIFICATE"],
  ["tracing.clientCert", "CLIENT_CERTIFICATE"],
  ["tracing.clientKey", "CLIENT_KEY"],
] as const;

class Reading implements FromOpenTelemetry {
  readonly given = new Map<string, Given>();
  readonly warnings: string[] = [];
  readonly details: string[] = [];
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  text(name: string): string | null {
    return this.#environment[name]?.trim() || null;
  }

  /** The first of these variables that says something. */
  first(...names: readonly string[]): string | null {
    return names.find((name) => this.text(name) !== null) ?? null;
  }

  give(key: SettingKey, value: unknown, name: string): void {
    this.given.set(key, { key, host: null, value, origin: { kind: "variable", name } });
  }

  warn(name: string, why: string): void {
    this.warnings.push(`${name} ${why}`);
  }

  warnOfDetail(name: string, why: string): void {
    this.details.push(`${name} ${why}`);
  }
}

/** The one for traces is the whole URL; behind the other comes `/v1/traces`. */
function readEndpoint(reading: Reading): void {
  const name = reading.first("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT");
  const exporter = reading.text("OTEL_TRACES_EXPORTER");
  if (exporter !== null && exporter !== "otlp") {
    if (exporter === "none") reading.give("tracing.enabled", false, "OTEL_TRACES_EXPORTER");
    else
      reading.warn(
        "OTEL_TRACES_EXPORTER",
        "names another exporter than otlp, which is the one that larder has: nothing is traced",
      );
    return;
  }
  const protocol = reading.first("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL");
  if (protocol !== null && !/^http\/(?:json|protobuf)$/.test(reading.text(protocol) ?? "")) {
    const isMeant = name !== null || exporter !== null;
    if (isMeant)
      reading.warn(
        protocol,
        "asks for another protocol than HTTP, which is what larder speaks (mostly at port 4318): nothing is traced",
      );
    return;
  }
  if (name === null) {
    if (exporter === "otlp") reading.give("tracing.endpoint", USUAL_ENDPOINT, "OTEL_TRACES_EXPORTER");
    return;
  }
  const said = reading.text(name) ?? "";
  const isWhole = name.endsWith("TRACES_ENDPOINT");
  const endpoint = tryParseOtlpEndpoint(isWhole ? said : `${said.replace(/\/+$/, "")}/v1/traces`);
  if (endpoint === null)
    reading.warn(name, "is no URL such as http://collector:4318, without user and query: nothing is traced");
  else
    reading.give(
      "tracing.endpoint",
      isWhole && URL.parse(said)?.pathname === "/" ? new URL(said).href : endpoint,
      name,
    );
}

/** `key=value,key=value`, with what is special in percent encoding. What they say is quoted nowhere. */
function readHeaders(reading: Reading): void {
  const name = reading.first("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS");
  if (name === null) return;
  const headers = pairsOf(reading.text(name) ?? "");
  const isGood = headers !== null && headers.every(([key, value]) => isHeaderName(key) && isHeaderValue(value));
  if (isGood) reading.give("tracing.headers", Object.fromEntries(headers), name);
  else reading.warnOfDetail(name, "is no list of headers such as name=value,name=value: none is sent");
}

function readTimeout(reading: Reading): void {
  const name = reading.first("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT");
  if (name === null) return;
  const ms = Number(reading.text(name));
  if (Number.isInteger(ms) && ms > 0 && ms <= MOST_MS) reading.give("tracing.timeout", ms, name);
  else reading.warnOfDetail(name, "is no number of milliseconds: the timeout stays as it is");
}

function readCompression(reading: Reading): void {
  const name = reading.first("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "OTEL_EXPORTER_OTLP_COMPRESSION");
  if (name === null) return;
  const said = reading.text(name);
  if (said === "gzip" || said === "none") reading.give("tracing.compression", said, name);
  else reading.warnOfDetail(name, "is neither gzip nor none: gzip it is");
}

function readResource(reading: Reading): void {
  const name = "OTEL_RESOURCE_ATTRIBUTES";
  const text = reading.text(name);
  const attributes = text === null ? [] : pairsOf(text);
  const isGood = attributes !== null && attributes.length <= 50 && attributes.every(([key]) => isAttributeName(key));
  if (!isGood) reading.warnOfDetail(name, "is no list of attributes such as key=value,key=value: it counts as empty");
  const { "service.name": service, ...others } = Object.fromEntries(isGood ? attributes : []);
  if (Object.keys(others).length > 0) reading.give("tracing.attributes", others, name);
  const own = reading.text("OTEL_SERVICE_NAME");
  if (own !== null) reading.give("tracing.serviceName", own, "OTEL_SERVICE_NAME");
  else if (service) reading.give("tracing.serviceName", service, name);
}

function readSampler(reading: Reading): void {
  const name = "OTEL_TRACES_SAMPLER";
  const sampler = reading.text(name);
  if (sampler === null) return;
  const kind = sampler.replace(/^parentbased_/, "");
  if (kind !== "always_on" && kind !== "always_off" && kind !== "traceidratio") {
    reading.warnOfDetail(
      name,
      `is ${JSON.stringify(sampler.slice(0, 50))}, which larder does not have: it is parentbased_always_on`,
    );
    return;
  }
  reading.give("tracing.followClients", kind !== sampler, name);
  const argument = reading.text("OTEL_TRACES_SAMPLER_ARG");
  const share =
    kind === "traceidratio" ? (argument === null ? 1 : tryParseShare(argument)) : kind === "always_on" ? 1 : 0;
  if (share === null) reading.warnOfDetail("OTEL_TRACES_SAMPLER_ARG", "is no share from 0 to 1: it is 1");
  reading.give("tracing.sample", share ?? 1, name);
}

/** Null: it is no such list. */
function pairsOf(text: string): readonly (readonly [string, string])[] | null {
  const pairs: [string, string][] = [];
  for (const pair of text.split(",")) {
    if (pair.trim() === "") continue;
    const equals = pair.indexOf("=");
    if (equals < 1) return null;
    try {
      pairs.push([decodeURIComponent(pair.slice(0, equals).trim()), decodeURIComponent(pair.slice(equals + 1).trim())]);
    } catch {
      return null; // The percent encoding is broken.
    }
  }
  return pairs;
}
