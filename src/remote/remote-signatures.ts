import type { Digest } from "../oci/digest.ts";
import type { Reference } from "../oci/reference.ts";
import type { RepositoryPath } from "../oci/repository-name.ts";
import { parseTag, type Tag } from "../oci/tag.ts";
import { likelySignatures } from "../signatures/attachment-layers.ts";
import type { SignedImage } from "../signatures/signature.ts";
import type { SignatureSource, SourceManifest } from "../signatures/signature-source.ts";
import type { RegistryClient } from "../upstream/registry-client.ts";

/** An image at a registry, and where its signatures are. */
type FoundImage = { readonly image: SignedImage; readonly source: SignatureSource };

/** The signatures of a repository of a registry, which is asked for each of them. */
export class RemoteSignatures implements SignatureSource {
  readonly #client: RegistryClient;
  readonly #path: RepositoryPath;
  readonly #signal: AbortSignal;

  private constructor(client: RegistryClient, path: RepositoryPath, signal: AbortSignal) {
    this.#client = client;
    this.#path = path;
    this.#signal = signal;
  }

  /** The image under the first of the paths that has it; null when none has. By HEAD alone, where that says enough. */
  static async find(
    client: RegistryClient,
    paths: readonly RepositoryPath[],
    { tag, digest }: Reference,
    signal: AbortSignal,
  ): Promise<FoundImage | null> {
    const name: Tag | Digest = digest ?? tag ?? parseTag("latest");
    for (const path of paths) {
      const head = await client.headManifest(path, name, { signal });
      const source = new RemoteSignatures(client, path, signal);
      if (head !== null && head.digest !== null && head.mediaType !== null && head.sizeBytes !== null) {
        const { mediaType, sizeBytes } = head;
        return { image: { digest: head.digest, mediaType, sizeBytes }, source };
      }
      const manifest = await source.#manifest(name);
      if (manifest !== null) return { image: { ...manifest, sizeBytes: manifest.bytes.byteLength }, source };
    }
    return null;
  }

  tagged(tag: Tag): Promise<SourceManifest | null> {
    return this.#manifest(tag);
  }

  async referrers(subject: Digest, limit: number): Promise<readonly SourceManifest[]> {
    const listed = await this.#client.listReferrers(this.#path, subject, { signal: this.#signal });
    const found: SourceManifest[] = [];
    for (const digest of likelySignatures(listed).slice(0, limit)) {
      const manifest = await this.#manifest(digest);
      if (manifest !== null) found.push(manifest);
    }
    return found;
  }

  async blob(digest: Digest, limitBytes: number): Promise<Uint8Array | null> {
    const read = await this.#client.getBlob(this.#path, digest, { signal: this.#signal });
    if (read === null) return null;
    const pieces: Uint8Array[] = [];
    let length = 0;
    for await (const piece of read.body) {
      length += piece.byteLength;
      // Leaving the loop ends the transfer.
      if (length > limitBytes) return null;
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  }

  async #manifest(name: Tag | Digest): Promise<SourceManifest | null> {
    const found = await this.#client.getManifest(this.#path, name, { signal: this.#signal });
    return found === null ? null : { ...found, mediaType: found.mediaType ?? "" };
  }
}
