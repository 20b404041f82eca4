/**
 * Spans as OTLP has them in JSON: the body of `POST /v1/traces`.
 *
 *     { "resourceSpans": [{ "resource": { "attributes": […] },
 *         "scopeSpans": [{ "scope": { "name", "version" }, "spans": [{ "traceId", "spanId", "parentSpanId", "name",
 *           "kind", "startTimeUnixNano", "endTimeUnixNano", "attributes", "events", "status", "flags" }] }] }] }
 *
 * Ids are in hexadecimal, 64-bit numbers in texts, enumerations in numbers.
 *
 * Source: OpenTelemetry, OTLP 1.9, "JSON Protobuf Encoding".
 */
import { type Attributes, type AttributeValue, type EndedSpan, SPAN_KIND } from "../traces/span.ts";

/** Who speaks: the service, and larder's version. */
export type TraceResource = { readonly attributes: Attributes; readonly version: string };

const STATUS_ERROR = 2;
const FLAG_SAMPLED = 1;
const FLAG_REMOTENESS_IS_KNOWN = 0x100;
const FLAG_PARENT_IS_REMOTE = 0x200;

/** The body for these spans. */
export function otlpJson(spans: readonly EndedSpan[], { attributes, version }: TraceResource): string {
  const scopeSpans = [{ scope: { name: "larder", version }, spans: spans.map(spanJson) }];
  return JSON.stringify({ resourceSpans: [{ resource: { attributes: attributesJson(attributes) }, scopeSpans }] });
}

function spanJson(span: EndedSpan): object {
  const { traceId, spanId, parentSpanId, isParentRemote, traceState, name, kind, events, failure } = span;
  return {
    traceId,
    spanId,
    ...(parentSpanId === "" ? {} : { parentSpanId }),
    ...(traceState === "" ? {} : { traceState }),
    flags: FLAG_SAMPLED | FLAG_REMOTENESS_IS_KNOWN | (isParentRemote ? FLAG_PARENT_IS_REMOTE : 0),
    name,
    kind: SPAN_KIND[kind],
    startTimeUnixNano: nanoseconds(span.startMs),
    endTimeUnixNano: nanoseconds(span.endMs),
    attributes: attributesJson(span.attributes),
    ...(events.length === 0
      ? {}
      : {
          events: events.map((event) => ({
            name: event.name,
            timeUnixNano: nanoseconds(event.atMs),
            attributes: attributesJson(event.attributes),
          })),
        }),
    ...(failure === null ? {} : { status: { code: STATUS_ERROR, message: failure } }),
  };
}

function attributesJson(attributes: Attributes): readonly object[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: valueJson(value) }));
}

function valueJson(value: AttributeValue): object {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}

/** Microseconds are what the clock gives; as whole numbers they are exact. */
function nanoseconds(ms: number): string {
  return `${Math.round(ms * 1000)}000`;
}
