import type { RepositoryPath } from "../oci/repository-name.ts";
import { orAborted } from "../lib/async/or-aborted.ts";
import type { BlobToPush } from "./registry-client.ts";
import type { RegistryServer } from "./registry-server.ts";
import { insistOnStatus } from "./transport/status-failure.ts";
import { describeRequest, type HttpResponse, type RequestBody } from "./transport/transport.ts";
import { isUpstreamDown, UpstreamError } from "./transport/upstream-error.ts";
import { type BodyLimit, isTooLarge } from "./body-limit.ts";
import { ChunkSource } from "./chunk-source.ts";
import { type UploadOptions, UploadRequests } from "./upload-requests.ts";
import { receivedBytes, sessionOf } from "./upload-session.ts";
import type { UpstreamLimits } from "./upstream-limits.ts";

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
 * A blob of unknown length goes by PATCH from the beginning; one that is too large for a proxy on the way, by as many PATCHes
 * as it takes. Source: distribution-spec v1.1.1, "Pushing Blobs".
 */
export class BlobUpload {
  readonly #server: RegistryServer;
  readonly #limits: Pick<UpstreamLimits, "retries" | "retryPauseMs">;
  readonly #bodyLimit: BodyLimit;
  readonly #path: RepositoryPath;
  readonly #blob: BlobToPush;
  readonly #options: UploadOptions;
  readonly #requests: UploadRequests;
  /** Where the session is; registries move it with every answer. */
  #session: URL | null = null;
  /** What the registry has of the blob. */
  #receivedBytes = 0;
  /** Failures in a row without progress. */
  #failures = 0;

  constructor(
    server: RegistryServer,
    limits: Pick<UpstreamLimits, "retries" | "retryPauseMs">,
    bodyLimit: BodyLimit,
    path: RepositoryPath,
    blob: BlobToPush,
    options: UploadOptions,
  ) {
    this.#server = server;
    this.#limits = limits;
    this.#bodyLimit = bodyLimit;
    this.#path = path;
    this.#blob = blob;
    this.#options = options;
    this.#requests = new UploadRequests(server, path, blob.digest, options);
  }

  async run(): Promise<"present" | "mounted" | "uploaded"> {
    if (await this.#requests.isThere()) return "present";
    if (this.#options.mountFrom !== undefined && (await this.#mount(this.#options.mountFrom))) return "mounted";
    for (;;) {
      try {
        this.#session ??= await this.#begin();
        await this.#sendRest(this.#session);
        return "uploaded";
      } catch (error) {
        this.#options.signal?.throwIfAborted();
        if (isTooLarge(error)) this.#bodyLimit.refused(error, this.#requests.bodyBytes);
        else if (await this.#isThereAfter(error)) return "uploaded";
        await this.#askWhatIsThere();
      }
    }
  }

  /** Waits a little after a failure. The answer alone may have been lost: then the blob is there. Throws what cannot be resumed. */
  async #isThereAfter(error: unknown): Promise<boolean> {
    if (this.#failures >= this.#limits.retries || !mayResume(error)) throw error;
    const pauseMs = this.#limits.retryPauseMs * 2 ** this.#failures++;
    await orAborted(Bun.sleep(pauseMs), this.#options.signal);
    return this.#requests.isThere();
  }

  /** False when the registry does not mount; it may have opened a session instead, which is kept. */
  async #mount(from: RepositoryPath): Promise<boolean> {
    const url = this.#server.address.url(`/${this.#path}/blobs/uploads/`, { mount: this.#blob.digest, from });
    try {
      const response = await this.#requests.send("POST", url);
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
    const response = await this.#requests.send("POST", this.#server.address.url(`/${this.#path}/blobs/uploads/`), {
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
    const limitBytes = this.#bodyLimit.bytes;
    const body: RequestBody = { sizeBytes: restBytes, open: () => this.#blob.open(from) };
    if (limitBytes !== null && (restBytes ?? Number.POSITIVE_INFINITY) > limitBytes) {
      await this.#sendChunks(session, limitBytes);
    } else if (restBytes !== null && from === 0) {
      return this.#requests.commit(session, body);
    } else if (restBytes !== 0) {
      await this.#patch(session, body, from);
    }
    return this.#requests.commit(this.#session ?? session, {
      sizeBytes: 0,
      open: () => Promise.resolve(new Uint8Array()),
    });
  }

  async #sendChunks(first: URL, limitBytes: number): Promise<void> {
    const { sizeBytes } = this.#blob;
    const source = new ChunkSource(this.#blob);
    try {
      for (let session = first; ; session = this.#session ?? session) {
        const from = this.#receivedBytes;
        const isOver = sizeBytes === null ? !(await source.hasMore(from)) : from >= sizeBytes;
        if (isOver) return;
        const chunkBytes = sizeBytes === null ? null : Math.min(limitBytes, sizeBytes - from);
        const body = { sizeBytes: chunkBytes, open: () => source.chunk(from, limitBytes) };
        const received = receivedBytes(await this.#patch(session, body, from));
        this.#receivedBytes = received ?? (chunkBytes === null ? source.offset : from + chunkBytes);
        if (this.#receivedBytes <= from) throw nothingTaken(session, from);
        this.#failures = 0;
      }
    } finally {
      await source.close();
    }
  }

  async #patch(session: URL, body: RequestBody, from: number): Promise<HttpResponse> {
    const response = await this.#requests.patch(session, body, from);
    this.#session = sessionOf(response);
    return response;
  }

  /** Sets session and length by what the registry says it has; a session that cannot be resumed is given up. */
  async #askWhatIsThere(): Promise<void> {
    const session = this.#session;
    this.#session = null;
    this.#receivedBytes = 0;
    if (session === null) return;
    try {
      const response = await this.#requests.send("GET", session);
      const received = response.status === 204 ? receivedBytes(response) : null;
      if (received === null || received > (this.#blob.sizeBytes ?? Number.POSITIVE_INFINITY)) return;
      this.#session = response.headers.has("location") ? sessionOf(response) : session;
      this.#receivedBytes = received;
    } catch (error) {
      this.#options.signal?.throwIfAborted();
      // A session that cannot be asked is lost, whatever the reason; the next attempt begins a new one.
      if (!(error instanceof UpstreamError)) throw error;
    }
  }
}

function nothingTaken(session: URL, from: number): UpstreamError {
  const what = describeRequest("PATCH", session);
  return new UpstreamError({ kind: "protocol" }, `${what} was sent the bytes from ${from} on and says it has no more`);
}

function mayResume(error: unknown): boolean {
  if (isUpstreamDown(error)) return true;
  const failure = error instanceof UpstreamError ? error.failure : null;
  return failure?.kind === "rejected" && (failure.status === 404 || failure.status === 416);
}
