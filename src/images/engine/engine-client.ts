/**
 * The part of Docker's Engine API that moves images. Podman answers it too, on a socket of its own.
 *
 *     GET  /images/NAME/json    is it there?
 *     GET  /images/NAME/get     a Docker archive
 *     POST /images/load         a Docker archive; answers with a line of JSON for each step, a failure among them
 *
 * Source: Docker Engine API v1.24 to v1.52.
 */
import * as v from "valibot";
import { RegistryError } from "../../oci/registry-error.ts";
import type { ImageEngine } from "./image-engine.ts";
import { describeFailure } from "../../lib/failures/describe-failure.ts";

/** Where an engine listens. `tls` holds PEM texts. */
export type EngineEndpoint =
  | { readonly kind: "socket"; readonly path: string }
  | { readonly kind: "tcp"; readonly url: string; readonly tls: EngineTls | null };

/** The certificates and the key for TLS with an engine, as PEM. */
export type EngineTls = { readonly ca: string; readonly cert: string; readonly key: string };

const ERROR_LIMIT_BYTES = 64 * 1024;
const LOAD_REPORT_LIMIT_BYTES = 1024 * 1024;

/** A client of one engine; nothing is contacted yet. Every failure is an UPSTREAM_UNAVAILABLE that names the engine. */
export class EngineClient implements ImageEngine {
  readonly #endpoint: EngineEndpoint;
  readonly #signal: AbortSignal;

  constructor(endpoint: EngineEndpoint, signal: AbortSignal) {
    this.#endpoint = endpoint;
    this.#signal = signal;
  }

  /** A Docker archive of the image called `name`, or null when the engine has none. */
  async saveImage(name: string): Promise<ReadableStream<Uint8Array> | null> {
    // Podman answers a `get` of what it does not have with 500; both say 404 here.
    const look = await this.#request("GET", `/images/${name}/json`, null);
    await look.body?.cancel();
    if (look.status === 404) return null;
    const response = await this.#request("GET", `/images/${name}/get`, null);
    if (!response.ok || response.body === null) throw await this.#refusal(response, `did not save ${name}`);
    return response.body;
  }

  /** Gives the engine a Docker archive. The images in it appear only when it is whole. */
  async loadImages(archive: ReadableStream<Uint8Array>): Promise<void> {
    const response = await this.#request("POST", "/images/load?quiet=1", archive);
    if (!response.ok) throw await this.#refusal(response, "did not load the image");
    const report = await readText(response, LOAD_REPORT_LIMIT_BYTES);
    const failure = report
      .split(/\r?\n/)
      .map(loadError)
      .find((message) => message !== null);
    if (failure !== undefined) {
      throw new RegistryError(
        "UPSTREAM_UNAVAILABLE",
        `the engine at ${this.#where()} did not load the image: ${failure}`,
      );
    }
  }

  async #request(method: string, path: string, body: ReadableStream<Uint8Array> | null): Promise<Response> {
    const endpoint = this.#endpoint;
    const origin = endpoint.kind === "socket" ? "http://localhost" : endpoint.url;
    const init: BunFetchRequestInit = {
      method,
      signal: this.#signal,
      // Saving or loading a large image may take minutes before the first byte of an answer.
      timeout: false,
      decompress: false,
      ...(body === null ? {} : { body, headers: { "Content-Type": "application/x-tar" } }),
      ...(endpoint.kind === "socket" ? { unix: endpoint.path } : {}),
      ...(endpoint.kind === "tcp" && endpoint.tls !== null ? { tls: endpoint.tls } : {}),
    };
    try {
      return await fetch(`${origin}${path}`, init);
    } catch (cause) {
      if (this.#signal.aborted || cause instanceof RegistryError) throw cause;
      const why = describeFailure(cause);
      throw new RegistryError(
        "UPSTREAM_UNAVAILABLE",
        `no answer from a container engine at ${this.#where()} (${why}); is it running? DOCKER_HOST says where it is`,
        { cause },
      );
    }
  }

  async #refusal(response: Response, what: string): Promise<RegistryError> {
    const text = await readText(response, ERROR_LIMIT_BYTES);
    return new RegistryError(
      "UPSTREAM_UNAVAILABLE",
      `the engine at ${this.#where()} ${what}: ${response.status} ${messageOf(text)}`,
    );
  }

  #where(): string {
    return this.#endpoint.kind === "socket" ? this.#endpoint.path : this.#endpoint.url;
  }
}

/** The text of a response, cut at `limitBytes`. */
async function readText(response: Response, limitBytes: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  for await (const piece of response.body ?? []) {
    text += decoder.decode(piece.subarray(0, limitBytes - length), { stream: true });
    length += piece.length;
    if (length >= limitBytes) break;
  }
  return text;
}

const loadStep = v.looseObject({
  error: v.optional(v.string()),
  errorDetail: v.optional(v.looseObject({ message: v.optional(v.string()) })),
});

/** The failure that one line of the answer to a load tells of, null when it tells of none. */
function loadError(line: string): string | null {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), loadStep), line);
  return parsed.success ? (parsed.output.errorDetail?.message ?? parsed.output.error ?? null) : null;
}

/** What an engine says of an error: the `message` of its JSON, or else the text as it is. */
function messageOf(text: string): string {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), v.looseObject({ message: v.string() })), text);
  return (parsed.success ? parsed.output.message : text).trim();
}
