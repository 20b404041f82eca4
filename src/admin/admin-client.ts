import { type ErrorCode, ERROR_STATUS, RegistryError } from "../oci/registry-error.ts";
import {
  ADMIN_PATH,
  type AdoptAnswer,
  type AdoptRequest,
  type CacheProgress,
  type CacheRequest,
  type CollectAnswer,
  type CollectRequest,
  type HasAnswer,
  type HasRequest,
  type HealthAnswer,
  type ImagesAnswer,
  type InspectAnswer,
  type InspectRequest,
  type ListedImage,
  type OfflineState,
  type RemoveAnswer,
  type RemoveRequest,
  type StatsAnswer,
  type VerifyProgress,
  type VersionAnswer,
} from "./admin.ts";

const VERSION_LIMIT_MS = 10_000;

/** Sends a request: the runtime's `fetch`, or one that knows of private certificates. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** The typed client of the admin API. Failures are `RegistryError`s with the server's code and message. */
export class AdminClient {
  readonly #origin: string;
  readonly #fetch: Fetch;
  readonly #signal: AbortSignal;

  /** `origin` is `http://localhost:5000`, without a slash at the end. */
  constructor(origin: string, fetch: Fetch, signal: AbortSignal) {
    this.#origin = origin;
    this.#fetch = fetch;
    this.#signal = signal;
  }

  /** The version of the larder at the origin; null when something else answers there. Throws when nobody does. */
  async version(): Promise<string | null> {
    const response = await this.#exchange("GET", "version", undefined, AbortSignal.timeout(VERSION_LIMIT_MS));
    // Any registry says no to a path that it does not know; whoever is out of order says nothing about what it is.
    if (response.status >= 500) throw await failureOf(response);
    try {
      const answer = (await response.json()) as Partial<VersionAnswer>;
      return response.ok && answer.name === "larder" ? (answer.version ?? "") : null;
    } catch {
      this.#signal.throwIfAborted();
      return null; // Not JSON: whatever it is, it is no larder.
    }
  }

  health(): Promise<HealthAnswer> {
    return this.#ask("GET", "health");
  }

  /** All images, page by page. */
  async *images(): AsyncIterable<ListedImage> {
    for (let next: string | null = ""; next !== null; ) {
      const query = next === "" ? "" : `?after=${encodeURIComponent(next)}`;
      const page: ImagesAnswer = await this.#ask("GET", `images${query}`);
      yield* page.images;
      next = page.next;
    }
  }

  inspect(request: InspectRequest): Promise<InspectAnswer> {
    return this.#ask("POST", "inspect", request);
  }

  has(request: HasRequest): Promise<HasAnswer> {
    return this.#ask("POST", "has", request);
  }

  remove(request: RemoveRequest): Promise<RemoveAnswer> {
    return this.#ask("POST", "remove", request);
  }

  adopt(request: AdoptRequest): Promise<AdoptAnswer> {
    return this.#ask("POST", "adopt", request);
  }

  collect(request: CollectRequest): Promise<CollectAnswer> {
    return this.#ask("POST", "gc", request);
  }

  stats(): Promise<StatsAnswer> {
    return this.#ask("GET", "stats");
  }

  offline(): Promise<OfflineState> {
    return this.#ask("GET", "offline");
  }

  setOffline(state: OfflineState): Promise<OfflineState> {
    return this.#ask("PUT", "offline", state);
  }

  /** Has an image brought there, and tells how it goes. Ends after `done` or `failed`, or when larder breaks off. */
  cache(request: CacheRequest): AsyncIterable<CacheProgress> {
    return this.#lines("cache", request);
  }

  /** Has every file verified, and tells how it goes. Ends as `cache` does. */
  verify(): AsyncIterable<VerifyProgress> {
    return this.#lines("verify", {});
  }

  async *#lines<Event>(resource: string, request: unknown): AsyncIterable<Event> {
    const response = await this.#send("POST", resource, request);
    let rest = "";
    const decoder = new TextDecoder();
    try {
      for await (const chunk of response.body ?? []) {
        const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) yield JSON.parse(line) as Event;
      }
    } catch (cause) {
      this.#signal.throwIfAborted();
      throw this.#unavailable(cause);
    }
  }

  async #ask<Answer>(method: string, resource: string, body?: unknown): Promise<Answer> {
    return (await (await this.#send(method, resource, body)).json()) as Answer;
  }

  async #send(method: string, resource: string, body?: unknown): Promise<Response> {
    const response = await this.#exchange(method, resource, body, this.#signal);
    if (!response.ok) throw await failureOf(response);
    return response;
  }

  async #exchange(method: string, resource: string, body: unknown, signal: AbortSignal): Promise<Response> {
    try {
      return await this.#fetch(`${this.#origin}${ADMIN_PATH}/${resource}`, {
        method,
        signal: AbortSignal.any([this.#signal, signal]),
        redirect: "manual",
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }),
      });
    } catch (cause) {
      this.#signal.throwIfAborted();
      throw this.#unavailable(cause);
    }
  }

  #unavailable(cause: unknown): RegistryError {
    const why = cause instanceof Error ? cause.message : String(cause);
    return new RegistryError("UNAVAILABLE", `${this.#origin} does not answer: ${why}`, { cause });
  }
}

async function failureOf(response: Response): Promise<RegistryError> {
  const fallback = new RegistryError("UNKNOWN", `${new URL(response.url).origin} answered ${response.status}`);
  try {
    const { errors } = (await response.json()) as { errors?: { code?: string; message?: string }[] };
    const { code = "", message = "" } = errors?.[0] ?? {};
    return Object.hasOwn(ERROR_STATUS, code) ? new RegistryError(code as ErrorCode, message) : fallback;
  } catch {
    return fallback; // No error body of ours; the status is all there is to tell.
  }
}
