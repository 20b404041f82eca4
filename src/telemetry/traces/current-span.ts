/**
 * Which span the work that runs belongs to. It goes along with the work itself, through awaits and timers, so that no
 * function has to hand it on; where nothing is traced, asking costs some nanoseconds.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { type Attributes, Span, type SpanKind } from "./span.ts";

const context = new AsyncLocalStorage<Span>();

/** Does work that belongs to a span. */
export function within<T>(span: Span, work: () => T): T {
  return context.run(span, work);
}

/** The span that is going on; null: what runs is not traced, or goes on after its span has ended, as a timer does. */
export function currentSpan(): Span | null {
  const span = context.getStore();
  return span === undefined || span.hasEnded ? null : span;
}

/** A new span below the one that is going on, for whoever ends it; null where there is none, or no room for more. */
export function beginSpan(name: string, kind: SpanKind = "internal"): Span | null {
  const parent = currentSpan();
  if (parent === null || !parent.trace.admit()) return null;
  return new Span(parent.trace, { spanId: parent.spanId, isRemote: false }, name, kind);
}

/** Does work as a span of its own, where the work around it is traced. What it throws is its failure. */
export function inSpan<T>(name: string, attributes: Attributes, work: () => Promise<T>): Promise<T> {
  const span = beginSpan(name);
  return span === null ? work() : during(span, attributes, work);
}

async function during<T>(span: Span, attributes: Attributes, work: () => Promise<T>): Promise<T> {
  for (const [key, value] of Object.entries(attributes)) span.set(key, value);
  try {
    return await within(span, work);
  } catch (error) {
    failSpan(span, error);
    throw error;
  } finally {
    span.end();
  }
}

/** Notes why a span failed. Messages of larder's errors quote no secret. */
export function failSpan(span: Span, error: unknown): void {
  const named = error instanceof Error ? error : new Error(String(error));
  const code = (named as { readonly code?: unknown }).code;
  span.fail(typeof code === "string" && code !== "" ? code : named.name, named.message);
}
