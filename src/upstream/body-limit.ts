import { UpstreamError } from "./transport/upstream-error.ts";

/** The first limit that is tried: what proxies cut off is mostly above it, and a session has few requests with it. */
const FIRST_BYTES = 32 << 20;
/** With less, a blob of gigabytes would take tens of thousands of requests. */
const SMALLEST_BYTES = 256 << 10;

/**
 * The largest body of a request that arrives at a registry, as far as it is known. A proxy before it may take less than the
 * registry does, and says so with 413, which nothing tells beforehand.
 */
export class BodyLimit {
  #bytes: number | null = null;

  /** Null: nothing was refused yet. */
  get bytes(): number | null {
    return this.#bytes;
  }

  /**
   * Told that a body of so many bytes was refused (null: of an unknown number): the next one is to be half as large, or
   * smaller. Throws the refusal with what helps when that would be too small.
   */
  refused(refusal: UpstreamError, bodyBytes: number | null): void {
    const bytes = bodyBytes ?? this.#bytes ?? 2 * FIRST_BYTES;
    // Another upload has found out meanwhile.
    if (this.#bytes !== null && this.#bytes < bytes) return;
    const half = 2 ** Math.floor(Math.log2(Math.max(bytes, 2) / 2));
    if (half < SMALLEST_BYTES) throw withAdvice(refusal, bytes);
    this.#bytes = Math.min(half, FIRST_BYTES);
  }
}

/** Does the failure say that the request's body was too large? */
export function isTooLarge(error: unknown): error is UpstreamError {
  return error instanceof UpstreamError && error.failure.kind === "rejected" && error.failure.status === 413;
}

/** A refusal of a body of so many bytes that cannot be smaller, with what helps. */
export function withAdvice(refusal: UpstreamError, bodyBytes: number): UpstreamError {
  const limit = 'nginx: `client_max_body_size 0;`, ingress-nginx: the annotation `proxy-body-size: "0"`';
  return new UpstreamError(
    refusal.failure,
    `${refusal.message}; even ${bodyBytes} bytes are too many for it, or for a proxy before it: raise its limit for the body of a request (${limit})`,
    { cause: refusal },
  );
}
