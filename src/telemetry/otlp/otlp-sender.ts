import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { describeFailure } from "../../lib/failures/describe-failure.ts";
import type { HttpRequest, HttpResponse } from "../../upstream/transport/transport.ts";

const gzipped = promisify(gzip);

/** What came of sending spans once. */
export type Sent =
  | {
      readonly kind: "taken";
      /** How many the other end did not keep all the same, and why. */
      readonly rejected: number;
      readonly why: string;
    }
  | {
      readonly kind: "failed";
      /** In words, without secrets. */
      readonly failure: string;
      readonly mayRepeat: boolean;
      /** Null: nothing was said of it. */
      readonly retryAfterMs: number | null;
    };

/** Sends the body of a request for spans. */
export interface TraceSender {
  /** Never rejects. */
  send(body: string, signal: AbortSignal): Promise<Sent>;
}

/** Whom traces are sent to, and how. */
export type OtlpTarget = {
  /** As `http://collector:4318/v1/traces`. */
  readonly url: string;
  /** They may be secrets. */
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly isCompressed: boolean;
  readonly userAgent: string;
};

type Exchanges = { exchange(request: HttpRequest): Promise<HttpResponse> };

const ANSWER_BYTES = 64 * 1024;
const LONGEST_RETRY_AFTER_MS = 60_000;
/** "The requests that receive a response status code listed in following table SHOULD be retried." */
const REPEATABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** Sends by HTTP, in JSON. Source: OpenTelemetry, OTLP 1.9, "OTLP/HTTP". */
export class OtlpSender implements TraceSender {
  readonly #target: OtlpTarget;
  readonly #transport: Exchanges;

  constructor(target: OtlpTarget, transport: Exchanges) {
    this.#target = target;
    this.#transport = transport;
  }

  async send(body: string, signal: AbortSignal): Promise<Sent> {
    const { timeoutMs } = this.#target;
    const limit = AbortSignal.timeout(timeoutMs);
    try {
      return await this.#post(body, AbortSignal.any([signal, limit]));
    } catch (error) {
      const late = limit.aborted ? `it did not answer within ${timeoutMs} ms` : null;
      return { kind: "failed", failure: late ?? describeFailure(error), mayRepeat: true, retryAfterMs: null };
    }
  }

  async #post(text: string, signal: AbortSignal): Promise<Sent> {
    const { url, headers, isCompressed, userAgent } = this.#target;
    // In a thread: half a megabyte takes some milliseconds.
    const bytes = isCompressed ? await gzipped(text) : Buffer.from(text);
    const answer = await this.#transport.exchange({
      method: "POST",
      url: new URL(url),
      headers: {
        "user-agent": userAgent,
        accept: "application/json",
        ...headers,
        "content-type": "application/json",
        ...(isCompressed ? { "content-encoding": "gzip" } : {}),
      },
      body: { sizeBytes: bytes.byteLength, open: () => Promise.resolve(bytes) },
      signal,
    });
    const said = await readSome(answer.body);
    if (answer.status >= 200 && answer.status < 300) return taken(said);
    const mayRepeat = REPEATABLE.has(answer.status);
    const retryAfterMs = retryAfterOf(answer.headers.get("retry-after"));
    return { kind: "failed", failure: `it answered ${answer.status}`, mayRepeat, retryAfterMs };
  }
}

/** As much of the answer as is worth reading; null where it is more. */
async function readSome(body: ReadableStream<Uint8Array> | null): Promise<string | null> {
  if (body === null) return null;
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.byteLength;
    if (bytes > ANSWER_BYTES) return null; // Leaving the loop cancels the rest.
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString();
}

function taken(said: string | null): Sent {
  try {
    const { partialSuccess } = JSON.parse(said || "{}") as {
      readonly partialSuccess?: { readonly rejectedSpans?: string | number; readonly errorMessage?: unknown };
    };
    const rejected = Number(partialSuccess?.rejectedSpans ?? 0);
    const why = typeof partialSuccess?.errorMessage === "string" ? partialSuccess.errorMessage.slice(0, 300) : "";
    return { kind: "taken", rejected: Number.isSafeInteger(rejected) && rejected > 0 ? rejected : 0, why };
  } catch {
    // Whoever takes them need not speak JSON.
    return { kind: "taken", rejected: 0, why: "" };
  }
}

function retryAfterOf(header: string | null): number | null {
  const seconds = header !== null && /^\d{1,9}$/.test(header.trim()) ? Number(header) : null;
  return seconds === null ? null : Math.min(LONGEST_RETRY_AFTER_MS, seconds * 1000);
}
