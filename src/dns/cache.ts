import type { ForwardedResponse } from "./forwarded-response.ts";

/** A response, and for how long it has been here. */
export type CachedResponse = { readonly response: ForwardedResponse; readonly ageSeconds: number };

/** Roughly what an entry takes beside its message. */
const ENTRY_BYTES = 400;

/** Responses of other servers until their time is over; the least recently used go first when there is no room. */
export class ResponseCache {
  readonly #entries = new Map<string, { readonly response: ForwardedResponse; readonly storedAt: number }>();
  readonly #maxBytes: number;
  readonly #now: () => number;
  #bytes = 0;

  /** `now` gives milliseconds. */
  constructor(maxBytes: number, now: () => number) {
    this.#maxBytes = maxBytes;
    this.#now = now;
  }

  /** Null when nothing is here for `key`, or no more. */
  get(key: string): CachedResponse | null {
    const entry = this.#entries.get(key);
    if (entry === undefined) return null;
    const ageMilliseconds = this.#now() - entry.storedAt;
    this.#entries.delete(key);
    // A clock that was set back must not make anything younger than new.
    if (ageMilliseconds < 0 || ageMilliseconds >= entry.response.lifetimeSeconds * 1000) {
      this.#bytes -= sizeOf(key, entry.response);
      return null;
    }
    this.#entries.set(key, entry);
    return { response: entry.response, ageSeconds: Math.floor(ageMilliseconds / 1000) };
  }

  /** Keeps `response` for its lifetime, if it has one. */
  set(key: string, response: ForwardedResponse): void {
    if (response.lifetimeSeconds <= 0) return;
    this.#remove(key);
    this.#entries.set(key, { response, storedAt: this.#now() });
    this.#bytes += sizeOf(key, response);
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#remove(oldest);
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }

  #remove(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= sizeOf(key, entry.response);
  }
}

function sizeOf(key: string, { bytes, ttlOffsets }: ForwardedResponse): number {
  return key.length + bytes.length + 8 * ttlOffsets.length + ENTRY_BYTES;
}
