import type { Clock } from "../../lib/async/clock.ts";
import { Sampler, type Sampling } from "./sampler.ts";
import { LocalTrace, Span, type SpanSink } from "./span.ts";
import { parseTraceParent } from "./trace-context.ts";

/** Which requests are traced, and who takes their spans. */
export type Tracing = { readonly sampling: Sampling; readonly sink: SpanSink };

/** Begins the spans of requests. Without a `Tracing` there are none, and that costs nothing. */
export class Tracer {
  readonly #clock: Clock;
  #active: { readonly sampler: Sampler; readonly sink: SpanSink } | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isOn(): boolean {
    return this.#active !== null;
  }

  /** From now on requests are traced so; null: none are. Spans that have begun go where they would have gone. */
  replace(tracing: Tracing | null): void {
    this.#active =
      tracing === null ? null : { sampler: new Sampler(tracing.sampling, this.#clock.elapsed), sink: tracing.sink };
  }

  /** The span of a request with these headers; null: it is not traced. */
  begin(headers: Headers, name: string): Span | null {
    if (this.#active === null) return null;
    const { sampler, sink } = this.#active;
    const traceparent = headers.get("traceparent");
    const parent = traceparent === null ? null : parseTraceParent(traceparent, headers.get("tracestate"));
    if (!sampler.decide(parent)) return null;
    const trace = new LocalTrace(parent, this.#clock, sink);
    trace.admit();
    return new Span(trace, parent === null ? null : { spanId: parent.spanId, isRemote: true }, name, "server");
  }
}
