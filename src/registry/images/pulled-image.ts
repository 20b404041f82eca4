import { mapAhead } from "../../lib/async/map-ahead.ts";
import { Pace } from "../../lib/async/pace.ts";
import type { Work } from "../../lib/async/turns.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import type { Digest } from "../../oci/digest.ts";
import { CONFIG_LIMIT_BYTES, configSteps } from "../../oci/image-config.ts";
import type { ImageReader, ListedContent } from "../../oci/image-reader.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { Repository } from "../../oci/repository.ts";
import type { BlobBody } from "../../storage/blobs.ts";
import type { StoredManifest } from "../../storage/metadata.ts";
import type { Blobs } from "../pull/blobs.ts";
import type { Manifests } from "../pull/manifests.ts";
import type { PullContext } from "../pull/origin.ts";

/** Manifests that are asked for at once: many of an index's may come from upstream. */
const PARALLEL = 6;

/** Reads an image as a pull does: what is not here is fetched from upstream. */
export class PulledImage implements ImageReader<StoredManifest> {
  readonly #manifests: Manifests;
  readonly #blobs: Blobs;
  readonly #repository: Repository;
  readonly #context: PullContext;
  readonly #work: Work;

  constructor(
    { manifests, blobs }: { readonly manifests: Manifests; readonly blobs: Blobs },
    repository: Repository,
    context: PullContext,
    work: Work,
  ) {
    this.#manifests = manifests;
    this.#blobs = blobs;
    this.#repository = repository;
    this.#context = context;
    this.#work = work;
  }

  read(listed: readonly Descriptor[]): AsyncIterable<ListedContent<StoredManifest>> {
    return mapAhead(listed, PARALLEL, async (one) => ({ listed: one, content: await this.#find(one) }));
  }

  async config({ digest, size }: Descriptor): Promise<unknown> {
    const bytes = await this.readConfig(digest, Math.min(size, CONFIG_LIMIT_BYTES));
    return bytes === null ? null : this.#work.finish(configSteps(bytes));
  }

  /** A config's bytes; null for one that is longer than `limitBytes`. Throws what a pull of the blob would. */
  async readConfig(digest: Digest, limitBytes = CONFIG_LIMIT_BYTES): Promise<Uint8Array | null> {
    const here = await this.#blobs.readHere(this.#repository, digest, limitBytes, this.#context.mayPull);
    if (here !== null) return here;
    const found = await this.#blobs.get(this.#repository, digest, this.#context);
    if (found.size > limitBytes) return null;
    return readInTime(await found.read(null), found.size, digest);
  }

  async #find({ digest }: Descriptor): Promise<StoredManifest | null> {
    try {
      return (await this.#manifests.get(this.#repository, { kind: "digest", digest }, this.#context)).manifest;
    } catch (error) {
      const isNowhere =
        error instanceof RegistryError && error.code === "MANIFEST_UNKNOWN" && error.cause === undefined;
      if (isNowhere) return null;
      throw error;
    }
  }
}

/** Throws UNAVAILABLE for what comes too slowly. */
async function readInTime(body: BlobBody, size: number, digest: Digest): Promise<Uint8Array> {
  const pace = new Pace();
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of body instanceof Blob ? body.stream() : body) {
    pieces.push(piece);
    length += piece.byteLength;
    if (length >= size || !pace.isTooSlow(length)) continue;
    throw new RegistryError("UNAVAILABLE", `the blob ${digest} comes too slowly to wait for it`);
  }
  return Buffer.concat(pieces);
}
