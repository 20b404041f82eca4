import type { Clock } from "../../lib/async/clock.ts";
import type { RemoteParent } from "./trace-context.ts";

/** What an attribute may be. Whole numbers are sent as such. */
export type AttributeValue = string | number | boolean;
/** Names and values; the names are those of OpenTelemetry's semantic conventions, and `larder.…`. */
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** Who does what, as OTLP numbers them. */
export const SPAN_KIND = { internal: 1, server: 2, client: 3 } as const;
export type SpanKind = keyof typeof SPAN_KIND;

/** Something that happened during a span. */
export type SpanEvent = { readonly name: string; readonly atMs: number; readonly attributes: Attributes };

/** A span that has ended. Times are in milliseconds since 1970, with fractions. */
export type EndedSpan = {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty: it has no parent. */
  readonly parentSpanId: string;
  readonly isParentRemote: boolean;
  readonly traceState: string;
  readonly name: string;
  readonly kind: SpanKind;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Attributes;
  readonly events: readonly SpanEvent[];
  /** Why it failed; null: it did not. */
  readonly failure: string | null;
};

/** Takes spans that have ended. */
export interface SpanSink {
  add(span: EndedSpan): void;
}

/** Spans of one request: a bulk operation would make them by thousands. */
const MOST_SPANS = 128;
const MOST_EVENTS = 16;
const LONGEST_TEXT = 512;

/** What the spans of one trace have in common here. */
export class LocalTrace {
  readonly traceId: string;
  readonly state: string;
  readonly #clock: Clock;
  readonly #sink: SpanSink;
  readonly #startedMs: number;
  readonly #startedElapsedMs: number;
  #spans = 0;
  #leftOut = 0;

  constructor(parent: RemoteParent | null, clock: Clock, sink: SpanSink) {
    this.traceId = parent?.traceId ?? randomId(16);
    this.state = parent?.state ?? "";
    this.#clock = clock;
    this.#sink = sink;
    // One look at the clock on the wall: should it be set meanwhile, no span ends before it began.
    this.#startedMs = clock.now();
    this.#startedElapsedMs = clock.elapsed();
  }

  /** How many spans there was no room for. */
  get leftOut(): number {
    return this.#leftOut;
  }

  nowMs(): number {
    return this.#startedMs + (this.#clock.elapsed() - this.#startedElapsedMs);
  }

  /** Is there room for one more? */
  admit(): boolean {
    if (this.#spans < MOST_SPANS) this.#spans++;
    else this.#leftOut++;
    return this.#leftOut === 0;
  }

  add(span: EndedSpan): void {
    this.#sink.add(span);
  }
}

/** A part of a request's work, while it goes on. What it is told holds no secret: no query, no header but a few. */
export class Span {
  readonly trace: LocalTrace;
  readonly spanId = randomId(8);
  readonly #parentSpanId: string;
  readonly #isParentRemote: boolean;
  readonly #kind: SpanKind;
  readonly #startMs: number;
  readonly #attributes: Record<string, AttributeValue> = {};
  readonly #events: SpanEvent[] = [];
  #name: string;
  #failure: string | null = null;
  #hasEnded = false;

  constructor(
    trace: LocalTrace,
    parent: { readonly spanId: string; readonly isRemote: boolean } | null,
    name: string,
    kind: SpanKind,
  ) {
    this.trace = trace;
    this.#parentSpanId = parent?.spanId ?? "";
    this.#isParentRemote = parent?.isRemote ?? false;
    this.#name = name;
    this.#kind = kind;
    this.#startMs = trace.nowMs();
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  rename(name: string): void {
    this.#name = brief(name);
  }

  /** Null and empty texts say nothing, and are left out. */
  set(name: string, value: AttributeValue | null | undefined): void {
    if (value === null || value === undefined || value === "") return;
    this.#attributes[name] = typeof value === "string" ? brief(value) : value;
  }

  note(name: string, attributes: Attributes = {}): void {
    if (this.#events.length >= MOST_EVENTS) return;
    const brieved = Object.entries(attributes).map(([key, value]) => [
      key,
      typeof value === "string" ? brief(value) : value,
    ]);
    this.#events.push({ name, atMs: this.trace.nowMs(), attributes: Object.fromEntries(brieved) as Attributes });
  }

  /** It failed. `type` is a short word: an error's code or class, or a status. */
  fail(type: string, message: string): void {
    this.#failure = brief(message);
    this.set("error.type", type);
  }

  /** Ends it; once is enough. */
  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const { trace } = this;
    trace.add({
      traceId: trace.traceId,
      spanId: this.spanId,
      parentSpanId: this.#parentSpanId,
      isParentRemote: this.#isParentRemote,
      traceState: trace.state,
      name: this.#name,
      kind: this.#kind,
      startMs: this.#startMs,
      endMs: trace.nowMs(),
      attributes: this.#attributes,
      events: this.#events,
      failure: this.#failure,
    });
  }
}

function brief(text: string): string {
  return text.length <= LONGEST_TEXT ? text : text.slice(0, LONGEST_TEXT);
}

function randomId(bytes: number): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString("hex");
}
