import { hostname } from "node:os";
import { describeFailure } from "../lib/failures/describe-failure.ts";
import { deliveryTransports } from "../registry/notifications/delivery-transport.ts";
import { OtlpSender } from "../telemetry/otlp/otlp-sender.ts";
import { SpanExporter, type SpanTotals } from "../telemetry/otlp/span-exporter.ts";
import type { Attributes } from "../telemetry/traces/span.ts";
import { Tracer } from "../telemetry/traces/tracer.ts";
import { VERSION } from "../telemetry/version.ts";
import { readClientCertificate } from "../upstream/transport/client-certificate.ts";
import { proxyFromEnvironment } from "../upstream/transport/proxy-settings.ts";
import type { ServerEnvironment } from "./foundation.ts";
import { ConfigurationError } from "./settings/configuration-error.ts";
import { readSettingFile } from "./settings/read-setting-file.ts";
import type { TracingSettings } from "./settings/settings.ts";
import { isHeaderName, isHeaderValue } from "./settings/tracing-shape.ts";

/** What the files say that the settings name. */
type TracingFiles = {
  readonly caPem: string | null;
  readonly clientCert: string | null;
  readonly clientKey: string | null;
  readonly headers: Readonly<Record<string, string>>;
};

const NO_FILES: TracingFiles = { caPem: null, clientCert: null, clientKey: null, headers: {} };

/** Wires what traces requests, and sends their spans to a collector. */
export class TracingComposition {
  readonly tracer: Tracer;
  readonly totals: SpanTotals = { sent: 0, dropped: 0, failed: 0 };
  readonly #environment: ServerEnvironment;
  readonly #instanceId: string;
  #exporter: SpanExporter | null = null;
  #setup = "";
  #ending: Promise<unknown> = Promise.resolve();

  constructor(environment: ServerEnvironment, instanceId: string) {
    this.#environment = environment;
    this.#instanceId = instanceId;
    this.tracer = new Tracer(environment.clock);
  }

  get isFailing(): boolean {
    return this.#exporter?.isFailing ?? false;
  }

  /** Reads the files that the settings name; what it returns takes them up. Throws ConfigurationError. */
  async prepare(settings: TracingSettings | null): Promise<() => void> {
    const files = settings === null ? NO_FILES : await readFiles(settings);
    const setup = JSON.stringify([settings, files]);
    if (setup === this.#setup) return () => {};
    const exporter = settings === null ? null : this.#open(settings, files);
    return () => {
      const before = this.#exporter;
      [this.#exporter, this.#setup] = [exporter, setup];
      const sampling = settings === null ? null : samplingOf(settings);
      this.tracer.replace(exporter === null || sampling === null ? null : { sampling, sink: exporter });
      this.#ending = Promise.all([this.#ending, before?.stop()]);
    };
  }

  /** Sends what is left, within seconds. */
  async stop(): Promise<void> {
    await Promise.all([this.#exporter?.stop(), this.#ending]);
  }

  #open(settings: TracingSettings, files: TracingFiles): SpanExporter {
    const { clock, log, variables } = this.#environment;
    const { endpoint: url, timeoutMs, isCompressed } = settings;
    const transportOf = deliveryTransports(proxyFromEnvironment(variables), clock);
    const transport = transportOf({ url, timeoutMs }, files.caPem, clientCertificateOf(settings, files));
    const headers = { ...settings.headers, ...files.headers };
    const target = { url, headers, timeoutMs, isCompressed, userAgent: `larder/${VERSION}` };
    const resource = { attributes: resourceOf(settings, this.#instanceId), version: VERSION };
    const sender = new OtlpSender(target, transport);
    return new SpanExporter({ sender, resource, shownUrl: url, totals: this.totals, log, clock });
  }
}

function samplingOf({ share, followsClients, perSecond }: TracingSettings) {
  return { share, followsClients, perSecond };
}

function resourceOf({ serviceName, attributes }: TracingSettings, instanceId: string): Attributes {
  return {
    "service.version": VERSION,
    "service.instance.id": instanceId,
    "host.name": hostname(),
    "process.pid": process.pid,
    ...attributes,
    "service.name": serviceName,
  };
}

async function readFiles(settings: TracingSettings): Promise<TracingFiles> {
  const read = async (key: string, file: string | null) => (file === null ? null : reading(key, file));
  const headers = await read("headersFile", settings.headersFile);
  return {
    caPem: await read("ca", settings.caFile),
    clientCert: await read("clientCert", settings.clientCertFile),
    clientKey: await read("clientKey", settings.clientKeyFile),
    headers: headers === null ? {} : headersIn(headers, settings.headersFile ?? ""),
  };
}

async function reading(key: string, file: string): Promise<string> {
  try {
    return await readSettingFile(file);
  } catch (cause) {
    throw new ConfigurationError(`tracing.${key}: ${file}: ${describeFailure(cause)}`, { cause });
  }
}

/** A header a line, `Name: value`. What it says is quoted nowhere. */
function headersIn(text: string, file: string): Readonly<Record<string, string>> {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const headers: Record<string, string> = {};
  for (const [index, line] of lines.entries()) {
    if (line === "" || line.startsWith("#")) continue;
    const colon = line.indexOf(":");
    const [name, value] = [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
    if (colon < 0 || !isHeaderName(name) || !isHeaderValue(value)) {
      throw new ConfigurationError(`tracing.headersFile: ${file}:${index + 1}: write a header a line, as Name: value`);
    }
    headers[name] = value;
  }
  return headers;
}

function clientCertificateOf(settings: TracingSettings, { clientCert, clientKey }: TracingFiles) {
  const { clientCertFile, clientKeyFile } = settings;
  if (clientCert === null && clientKey === null) return null;
  if (clientCert === null || clientKey === null) {
    throw new ConfigurationError("tracing.clientCert and tracing.clientKey belong together; give both");
  }
  try {
    const [cert, key] = [
      { text: clientCert, path: clientCertFile ?? "" },
      { text: clientKey, path: clientKeyFile ?? "" },
    ];
    return readClientCertificate(cert, key);
  } catch (cause) {
    throw new ConfigurationError(`tracing.clientCert: ${describeFailure(cause)}`, { cause });
  }
}
