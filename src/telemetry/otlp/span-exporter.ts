import type { Clock } from "../../lib/async/clock.ts";
import type { Log } from "../log.ts";
import type { EndedSpan, SpanSink } from "../traces/span.ts";
import { otlpJson, type TraceResource } from "./otlp-json.ts";
import type { TraceSender } from "./otlp-sender.ts";

/** What an exporter needs. `shownUrl` is the URL as people may see it. */
export type SpanExporterParts = {
  readonly sender: TraceSender;
  readonly resource: TraceResource;
  readonly shownUrl: string;
  readonly totals: SpanTotals;
  readonly log: Log;
  readonly clock: Clock;
};

/** What became of spans since the process began. */
export type SpanTotals = {
  sent: number;
  /** For want of room: more came than were taken. */
  dropped: number;
  /** Nobody took them, or whoever did kept them not. */
  failed: number;
};

const MOST_WAITING = 4096;
const BATCH = 512;
const DELAY_MS = 5000;
const ATTEMPTS = 5;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;
/** How long a stop waits for what is left. */
const FLUSH_MS = 3000;
const REPEAT_MS = 60_000;

/**
 * Sends spans in batches, out of a bounded queue, and on no request's way: a collector that hangs, or is away, costs spans
 * alone. A batch is sent five times at most, with pauses that double.
 */
export class SpanExporter implements SpanSink {
  readonly #parts: SpanExporterParts;
  readonly #stopping = new AbortController();
  #waiting: EndedSpan[] = [];
  #timer: ReturnType<typeof setTimeout> | null = null;
  #sending: Promise<void> | null = null;
  #endPause: () => void = () => {};
  #isEnding = false;
  #isFailing = false;
  #toldMs = Number.NEGATIVE_INFINITY;

  constructor(parts: SpanExporterParts) {
    this.#parts = parts;
  }

  /** Did the last attempt fail? */
  get isFailing(): boolean {
    return this.#isFailing;
  }

  add(span: EndedSpan): void {
    if (this.#stopping.signal.aborted || this.#waiting.length >= MOST_WAITING) {
      this.#parts.totals.dropped++;
      return;
    }
    this.#waiting.push(span);
    if (this.#sending !== null) return;
    if (this.#waiting.length >= BATCH) this.#send();
    else this.#timer ??= setTimeout(() => this.#send(), DELAY_MS);
  }

  /** Sends what is left, within seconds; what comes later is dropped. */
  async stop(): Promise<void> {
    this.#isEnding = true;
    this.#endPause();
    if (this.#waiting.length > 0 && this.#sending === null) this.#send();
    const limit = setTimeout(() => this.#stopping.abort(), FLUSH_MS);
    await this.#sending;
    clearTimeout(limit);
    this.#stopping.abort();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#parts.totals.dropped += this.#waiting.length;
    this.#waiting = [];
  }

  #send(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#sending = this.#sendAll().finally(() => {
      this.#sending = null;
      if (this.#waiting.length > 0 && !this.#stopping.signal.aborted) {
        this.#timer = setTimeout(() => this.#send(), DELAY_MS);
      }
    });
  }

  async #sendAll(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      await this.#sendBatch(this.#waiting.splice(0, BATCH));
      // At a stop, to the last one.
      if (this.#waiting.length < (this.#isEnding ? 1 : BATCH)) return;
    }
  }

  async #sendBatch(batch: readonly EndedSpan[]): Promise<void> {
    const { sender, resource, totals } = this.#parts;
    const { signal } = this.#stopping;
    const body = otlpJson(batch, resource);
    for (let attempt = 1; ; attempt++) {
      const sent = await sender.send(body, signal);
      if (sent.kind === "taken") {
        this.#noteTaken(sent.rejected, sent.why);
        totals.sent += batch.length - Math.min(sent.rejected, batch.length);
        totals.failed += Math.min(sent.rejected, batch.length);
        return;
      }
      this.#noteFailure(sent.failure);
      if (!sent.mayRepeat || attempt === ATTEMPTS || signal.aborted || this.#isEnding) {
        totals.failed += batch.length;
        return;
      }
      const doubled = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1));
      await this.#pause(sent.retryAfterMs ?? doubled * (0.75 + Math.random() / 2));
    }
  }

  #noteTaken(rejected: number, why: string): void {
    const { log, shownUrl, clock } = this.#parts;
    if (this.#isFailing) log.write("info", "traces are taken again", { endpoint: shownUrl });
    this.#isFailing = false;
    if (rejected === 0 || clock.elapsed() - this.#toldMs < REPEAT_MS) return;
    this.#toldMs = clock.elapsed();
    log.write("warning", "spans were not kept by who takes traces", {
      endpoint: shownUrl,
      spans: rejected,
      problem: why,
    });
  }

  #noteFailure(problem: string): void {
    const { log, shownUrl } = this.#parts;
    const isNew = !this.#isFailing;
    this.#isFailing = true;
    if (isNew)
      log.write("warning", "traces are not taken; those that find no room are lost", { endpoint: shownUrl, problem });
  }

  async #pause(ms: number): Promise<void> {
    const over = Promise.withResolvers<void>();
    const timer = setTimeout(over.resolve, ms);
    this.#endPause = over.resolve;
    await over.promise;
    clearTimeout(timer);
    this.#endPause = () => {};
  }
}
