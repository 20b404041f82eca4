import type { Digest } from "../oci/digest.ts";
import type { RepositoryPath } from "../oci/repository-name.ts";
import { type Access, pushAccess } from "./auth/access.ts";
import type { RequestOptions } from "./registry-client.ts";
import type { RegistryServer } from "./registry-server.ts";
import { drain } from "./transport/response-body.ts";
import { insistOnStatus } from "./transport/status-failure.ts";
import type { HttpMethod, HttpResponse, RequestBody } from "./transport/transport.ts";

/** How a blob is pushed. */
export type UploadOptions = RequestOptions & { readonly mountFrom?: RepositoryPath };

type More = {
  readonly body?: RequestBody;
  readonly absence?: "failure";
  readonly headers?: Readonly<Record<string, string>>;
};

/** The requests of one blob's upload. Source: distribution-spec v1.1.1, "Pushing Blobs". */
export class UploadRequests {
  readonly #server: RegistryServer;
  readonly #path: RepositoryPath;
  readonly #digest: Digest;
  readonly #options: UploadOptions;
  readonly #access: Access;
  #bodyBytes: number | null = null;

  constructor(server: RegistryServer, path: RepositoryPath, digest: Digest, options: UploadOptions) {
    this.#server = server;
    this.#path = path;
    this.#digest = digest;
    this.#options = options;
    this.#access = pushAccess(path, options.mountFrom);
  }

  /** The size of the body that was sent last; null when it was not known, or there was none. */
  get bodyBytes(): number | null {
    return this.#bodyBytes;
  }

  async isThere(): Promise<boolean> {
    const url = this.#server.address.url(`/${this.#path}/blobs/${this.#digest}`);
    const response = await this.send("HEAD", url);
    return response.status === 200;
  }

  /** Sends a part of the blob that begins at `from`. */
  async patch(session: URL, body: RequestBody, from: number): Promise<HttpResponse> {
    const range = body.sizeBytes === null ? {} : { "content-range": `${from}-${from + body.sizeBytes - 1}` };
    const response = await this.send("PATCH", session, { body, absence: "failure", headers: range });
    insistOnStatus(response, "PATCH", [202]);
    return response;
  }

  /** Sends what is left, and ends the session. */
  async commit(session: URL, body: RequestBody): Promise<void> {
    const url = new URL(session);
    // The query is the registry's own and stays as it is, to the byte.
    url.search = `${session.search === "" ? "?" : `${session.search}&`}digest=${encodeURIComponent(this.#digest)}`;
    const response = await this.send("PUT", url, { body, absence: "failure" });
    insistOnStatus(response, "PUT", [201, 204]);
  }

  async send(method: HttpMethod, url: URL, more: More = {}): Promise<HttpResponse> {
    const { signal, via, requestId } = this.#options;
    this.#bodyBytes = more.body?.sizeBytes ?? null;
    // A POST that is repeated leaves a session behind, which expires.
    const repeatable = method === "GET" || method === "HEAD" || method === "POST";
    const contentType = more.body === undefined ? {} : { "content-type": "application/octet-stream" };
    const headers = { ...contentType, ...more.headers };
    const lane = more.body === undefined ? "questions" : "content";
    const options = { access: this.#access, repeatable, lane, signal, via, requestId } as const;
    const response = await this.#server.send({ ...more, ...options, method, url, headers });
    await drain(response.body);
    return response;
  }
}
