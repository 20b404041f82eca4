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
  type ImagesAnswer,
  type OfflineState,
  type RemoveAnswer,
  type RemoveRequest,
  type StatsAnswer,
  type VersionAnswer,
} from "./admin.ts";

const VERSION_LIMIT_MS = 5000;

/** The typed client of the admin API. Failures are `RegistryError`s with the server's code and message. */
export class AdminClient {
  readonly #origin: string;
  readonly #signal: AbortSignal;

  /** `origin` is `http://localhost:5000`, without a slash at the end. */
  constructor(origin: string, signal: AbortSignal) {
    this.#origin = origin;
    this.#signal = signal;
  }

  /** The version of the larder at the origin; null when something else, or nothing, answers there. */
  async version(): Promise<string | null> {
    const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(VERSION_LIMIT_MS)]);
    try {
      const response = await fetch(`${this.#origin}${ADMIN_PATH}/version`, { signal });
      const answer = (await response.json()) as Partial<VersionAnswer>;
      return response.ok && answer.name === "larder" ? (answer.version ?? "") : null;
    } catch {
      this.#signal.throwIfAborted();
      return null; // Whatever it is, it is no larder.
    }
  }

  images(): Promise<ImagesAnswer> {
    return this.#ask("GET", "images");
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

  /** Has an image brought there, and tells how it goes. Ends after `done` or `failed`. */
  async *cache(request: CacheRequest): AsyncIterable<CacheProgress> {
    const response = await this.#send("POST", "cache", request);
    let rest = "";
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) yield JSON.parse(line) as CacheProgress;
    }
  }

  async #ask<Answer>(method: string, resource: string, body?: unknown): Promise<Answer> {
    return (await (await this.#send(method, resource, body)).json()) as Answer;
  }

  async #send(method: string, resource: string, body?: unknown): Promise<Response> {
    const url = `${this.#origin}${ADMIN_PATH}/${resource}`;
    let response: Response;
    try {
      response = await fetch(url, {
        method,
        signal: this.#signal,
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }),
      });
    } catch (cause) {
      this.#signal.throwIfAborted();
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new RegistryError("UNAVAILABLE", `the larder at ${this.#origin} does not answer: ${why}`, { cause });
    }
    if (!response.ok) throw await failureOf(response);
    return response;
  }
}

async function failureOf(response: Response): Promise<RegistryError> {
  const fallback = new RegistryError("UNKNOWN", `the registry answered ${response.status}`);
  try {
    const { errors } = (await response.json()) as { errors?: { code?: string; message?: string }[] };
    const { code = "", message = "" } = errors?.[0] ?? {};
    return Object.hasOwn(ERROR_STATUS, code) ? new RegistryError(code as ErrorCode, message) : fallback;
  } catch {
    return fallback; // No error body of ours; the status is all there is to tell.
  }
}
