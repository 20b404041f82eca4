import type { RepositoryPath } from "../oci/repository-name.ts";
import { type Access, pushAccess } from "./auth/access.ts";
import { orAborted } from "../lib/async/or-aborted.ts";
import { resolveOwnLocation } from "./transport/redirects.ts";
import type { BlobToPush, RequestOptions } from "./registry-client.ts";
import type { RegistryServer } from "./registry-server.ts";
import { drain } from "./transport/response-body.ts";
import { insistOnStatus } from "./transport/status-failure.ts";
import { describeRequest, type HttpMethod, type HttpResponse, type RequestBody } from "./transport/transport.ts";
import { isUpstreamDown, UpstreamError } from "./transport/upstream-error.ts";
import type { UpstreamLimits } from "./upstream-limits.ts";

type UploadOptions = RequestOptions & { readonly mountFrom?: RepositoryPath };

/**
 * Brings one blob into one repository:
 *
 *     HEAD blob ── 200 ─────────────────────────────────────────────► present
 *        │ 404
 *     POST uploads?mount&from ── 201 ───────────────────────────────► mounted
 *        │ 202, Location
 *     PUT Location?digest, the whole blob ── 201 ───────────────────► uploaded
 *        │ breaks                                                        ▲
 *     GET Location ── 204, Range ──► PATCH the rest ──► PUT ?digest ─────┘
 *        │ session lost: POST again
 *
 * A blob of unknown length goes by PATCH from the beginning. Source: distribution-spec v1.1.1, "Pushing Blobs".
 */
export class BlobUpload {
  readonly #server: RegistryServer;
  readonly #limits: Pick<UpstreamLimits, "retries" | "retryPauseMs">;
  readonly #path: RepositoryPath;
  readonly #blob: BlobToPush;
  readonly #options: UploadOptions;
  readonly #access: Access;
  /** Where the session is; registries move it with every answer. */
  #session: URL | null = null;
  /** What the registry has of the blob. */
  #receivedBytes = 0;

  constructor(
    server: RegistryServer,
    limits: Pick<UpstreamLimits, "retries" | "retryPauseMs">,
    path: RepositoryPath,
    blob: BlobToPush,
    options: UploadOptions,
  ) {
    this.#server = server;
    this.#limits = limits;
    this.#path = path;
    this.#blob = blob;
    this.#options = options;
    this.#access = pushAccess(path, options.mountFrom);
  }

  async run(): Promise<"present" | "mounted" | "uploaded"> {
    if (await this.#isThere()) return "present";
    if (this.#options.mountFrom !== undefined && (await this.#mount(this.#options.mountFrom))) return "mounted";
    for (let attempt = 0; ; attempt += 1) {
      try {
        this.#session ??= await this.#begin();
        await this.#sendRest(this.#session);
        return "uploaded";
      } catch (error) {
        this.#options.signal?.throwIfAborted();
        if (attempt >= this.#limits.retries || !mayResume(error)) throw error;
        await orAborted(Bun.sleep(this.#limits.retryPauseMs * 2 ** attempt), this.#options.signal);
        // The answer alone may have been lost.
        if (await this.#isThere()) return "uploaded";
        await this.#askWhatIsThere();
      }
    }
  }

  async #isThere(): Promise<boolean> {
    const url = this.#server.address.url(`/${this.#path}/blobs/${this.#blob.digest}`);
    const response = await this.#send("HEAD", url);
    return response.status === 200;
  }

  /** False when the registry does not mount; it may have opened a session instead, which is kept. */
  async #mount(from: RepositoryPath): Promise<boolean> {
    const url = this.#server.address.url(`/${this.#path}/blobs/uploads/`, { mount: this.#blob.digest, from });
    try {
      const response = await this.#send("POST", url);
      if (response.status === 201) return true;
      if (response.status === 202) this.#session = sessionOf(response);
    } catch (error) {
      this.#options.signal?.throwIfAborted();
      // Some registries refuse what they need not grant. The way without a mount tells of real trouble.
      if (!(error instanceof UpstreamError)) throw error;
    }
    return false;
  }

  async #begin(): Promise<URL> {
    const response = await this.#send("POST", this.#server.address.url(`/${this.#path}/blobs/uploads/`), {
      absence: "failure",
    });
    insistOnStatus(response, "POST", [202]);
    this.#receivedBytes = 0;
    return sessionOf(response);
  }

  async #sendRest(session: URL): Promise<void> {
    const { sizeBytes } = this.#blob;
    const from = this.#receivedBytes;
    const restBytes = sizeBytes === null ? null : sizeBytes - from;
    const body: RequestBody = { sizeBytes: restBytes, open: () => this.#blob.open(from) };
    if (restBytes !== null && from === 0) return this.#commit(session, body);
    if (restBytes !== 0) {
      const range = sizeBytes === null ? null : { "content-range": `${from}-${sizeBytes - 1}` };
      const response = await this.#send("PATCH", session, { body, absence: "failure", headers: { ...range } });
      insistOnStatus(response, "PATCH", [202]);
      this.#session = sessionOf(response);
    }
    return this.#commit(this.#session ?? session, { sizeBytes: 0, open: () => Promise.resolve(new Uint8Array()) });
  }

  async #commit(session: URL, body: RequestBody): Promise<void> {
    const url = new URL(session);
    // The query is the registry's own and stays as it is, to the byte.
    url.search = `${session.search === "" ? "?" : `${session.search}&`}digest=${encodeURIComponent(this.#blob.digest)}`;
    const response = await this.#send("PUT", url, { body, absence: "failure" });
    insistOnStatus(response, "PUT", [201, 204]);
  }

  /** Sets session and length by what the registry says it has; a session that cannot be resumed is given up. */
  async #askWhatIsThere(): Promise<void> {
    const session = this.#session;
    this.#session = null;
    this.#receivedBytes = 0;
    if (session === null) return;
    try {
      const response = await this.#send("GET", session);
      const received = receivedBytes(response);
      if (received === null || received > (this.#blob.sizeBytes ?? Number.POSITIVE_INFINITY)) return;
      this.#session = response.headers.has("location") ? sessionOf(response) : session;
      this.#receivedBytes = received;
    } catch (error) {
      this.#options.signal?.throwIfAborted();
      // A session that cannot be asked is lost, whatever the reason; the next attempt begins a new one.
      if (!(error instanceof UpstreamError)) throw error;
    }
  }

  async #send(
    method: HttpMethod,
    url: URL,
    more: { body?: RequestBody; absence?: "failure"; headers?: Record<string, string> } = {},
  ): Promise<HttpResponse> {
    const { signal, via, requestId } = this.#options;
    // A POST that is repeated leaves a session behind, which expires.
    const repeatable = method === "GET" || method === "HEAD" || method === "POST";
    const contentType = more.body === undefined ? {} : { "content-type": "application/octet-stream" };
    const headers = { ...contentType, ...more.headers };
    const lane = more.body === undefined ? "questions" : "content";
    const request = {
      ...more,
      method,
      url,
      access: this.#access,
      headers,
      repeatable,
      lane,
      signal,
      via,
      requestId,
    } as const;
    const response = await this.#server.send(request);
    await drain(response.body);
    return response;
  }
}

function sessionOf(response: HttpResponse): URL {
  const location = response.headers.get("location");
  if (location === null) {
    throw new UpstreamError(
      { kind: "protocol" },
      `${describeRequest("POST", response.url)} opened an upload and did not say where (no Location)`,
    );
  }
  return resolveOwnLocation(location, response.url);
}

/** `Range: 0-N` means N + 1 bytes, but `0-0` stands for none as well as for one: null, then, as when there is no range. */
function receivedBytes(response: HttpResponse): number | null {
  const last = /^(?:bytes=)?0-(\d{1,15})$/.exec(response.headers.get("range") ?? "")?.[1];
  return response.status !== 204 || last === undefined || last === "0" ? null : Number(last) + 1;
}

function mayResume(error: unknown): boolean {
  if (isUpstreamDown(error)) return true;
  const failure = error instanceof UpstreamError ? error.failure : null;
  return failure?.kind === "rejected" && (failure.status === 404 || failure.status === 416);
}
