import { boolean, interval, oneOf, text } from "./shapes.ts";
import { otlpEndpoint, perSecond, share, shownHeaders, traceAttributes, traceHeaders } from "./tracing-shape.ts";
import { row } from "./setting.ts";

/** Settings of a server: who is told of the work of requests. */
export const TRACING_SETTINGS = {
  "tracing.endpoint": row({
    shape: otlpEndpoint,
    help: "send traces of requests there, by OTLP over HTTP in JSON (docs/tracing.md); without a path /v1/traces is added",
  }),
  "tracing.enabled": row({ shape: boolean, help: "false: trace nothing, whatever else is said", default: true }),
  "tracing.sample": row({
    shape: share,
    help: "the share of requests that begin a trace",
    default: 1,
  }),
  "tracing.perSecond": row({
    shape: perSecond,
    help: "so many traces a second at most, and as many that clients ask for",
    default: 100,
  }),
  "tracing.followClients": row({
    shape: boolean,
    help: "a client's traceparent decides whether its request is traced; false: the share does for it, too",
    default: true,
  }),
  "tracing.headers": row({
    shape: traceHeaders,
    toShown: shownHeaders,
    isFileOnly: true,
    help: "headers to send along, such as { Authorization: Bearer … }",
    default: {},
  }),
  "tracing.headersFile": row({ shape: text, help: "a file with such headers, a line each: Name: value" }),
  "tracing.serviceName": row({ shape: text, help: "what larder is called in traces", default: "larder" }),
  "tracing.attributes": row({
    shape: traceAttributes,
    isFileOnly: true,
    help: "what else is said of this larder, such as { deployment.environment.name: production }",
    default: {},
  }),
  "tracing.timeout": row({ shape: interval, help: "how long one attempt to send may take", default: 10_000 }),
  "tracing.compression": row({ shape: oneOf(["gzip", "none"]), help: "how traces are sent", default: "gzip" }),
  "tracing.ca": row({ shape: text, help: "a PEM file with authorities to trust besides the public ones" }),
  "tracing.clientCert": row({ shape: text, help: "a certificate to show there, PEM" }),
  "tracing.clientKey": row({ shape: text, help: "and its key" }),
} as const;
