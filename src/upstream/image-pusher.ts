import { type Digest, tryParseDigest } from "../oci/digest.ts";
import type { RepositoryPath } from "../oci/repository-name.ts";
import type { Tag } from "../oci/tag.ts";
import { pushAccess } from "./auth/access.ts";
import { BodyLimit, isTooLarge, withAdvice } from "./body-limit.ts";
import { BlobUpload } from "./blob-upload.ts";
import type { BlobToPush, ImageSink, RequestOptions } from "./registry-client.ts";
import type { RegistryServer } from "./registry-server.ts";
import { drain } from "./transport/response-body.ts";
import { insistOnStatus } from "./transport/status-failure.ts";
import type { UpstreamLimits } from "./upstream-limits.ts";

/** Pushes to the registry itself, never to a mirror. */
export class ImagePusher implements ImageSink {
  readonly #server: RegistryServer;
  readonly #limits: Pick<UpstreamLimits, "retries" | "retryPauseMs">;
  readonly #bodyLimit = new BodyLimit();

  constructor(server: RegistryServer, limits: Pick<UpstreamLimits, "retries" | "retryPauseMs">) {
    this.#server = server;
    this.#limits = limits;
  }

  pushBlob(
    path: RepositoryPath,
    blob: BlobToPush,
    options: RequestOptions & { readonly mountFrom?: RepositoryPath } = {},
  ): Promise<"present" | "mounted" | "uploaded"> {
    return new BlobUpload(this.#server, this.#limits, this.#bodyLimit, path, blob, options).run();
  }

  async putManifest(
    path: RepositoryPath,
    reference: Tag | Digest,
    manifest: { readonly bytes: Uint8Array; readonly mediaType: string },
    { signal, via, requestId }: RequestOptions = {},
  ): Promise<{ readonly subjectSeen: boolean }> {
    const { bytes, mediaType } = manifest;
    const asked = this.#server.send({
      method: "PUT",
      url: this.#server.address.url(`/${path}/manifests/${reference}`),
      access: pushAccess(path),
      headers: { "content-type": mediaType },
      body: { sizeBytes: bytes.byteLength, open: () => Promise.resolve(bytes) },
      absence: "failure",
      repeatable: true,
      signal,
      via,
      requestId,
    });
    // A manifest goes in one piece or not at all.
    const response = await asked.catch((error: unknown) => {
      throw isTooLarge(error) ? withAdvice(error, bytes.byteLength) : error;
    });
    await drain(response.body);
    insistOnStatus(response, "PUT", [200, 201, 202]);
    return { subjectSeen: tryParseDigest(response.headers.get("oci-subject") ?? "") !== null };
  }

  async deleteManifest(
    path: RepositoryPath,
    reference: Tag | Digest,
    { signal, via, requestId }: RequestOptions = {},
  ): Promise<boolean> {
    const url = this.#server.address.url(`/${path}/manifests/${reference}`);
    const response = await this.#server.send({
      method: "DELETE",
      url,
      access: { path, actions: "delete" },
      signal,
      via,
      requestId,
    });
    if (response.status === 404) return false;
    await drain(response.body);
    insistOnStatus(response, "DELETE", [200, 202, 204]);
    return true;
  }
}
