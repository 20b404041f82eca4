import type { ByteRange } from "../lib/byte-range.ts";
import type { Digest } from "../oci/digest.ts";
import { RegistryError } from "../oci/registry-error.ts";
import type { BlobBody, BlobStore } from "../storage/blobs.ts";
import type { BlobLinkStore } from "../storage/metadata.ts";
import { candidateNames, nameOf, type SearchOrder } from "./candidates.ts";
import type { Target } from "./locate.ts";
import { blobUnknown } from "./not-found.ts";

/** A link is touched at most this often, so that a HEAD seldom costs a write. */
const TOUCH_EVERY_MS = 60_000;

/** Pulls and deletions of blobs. */
export class Blobs {
  readonly #blobs: BlobStore;
  readonly #links: BlobLinkStore;
  readonly #order: SearchOrder;
  readonly #now: () => number;

  constructor(blobs: BlobStore, links: BlobLinkStore, order: SearchOrder, now: () => number) {
    this.#blobs = blobs;
    this.#links = links;
    this.#order = order;
    this.#now = now;
  }

  /**
   * The size of a blob for one who may be about to push a manifest with it: the blob stays for the grace period.
   * Throws BLOB_UNKNOWN.
   */
  async promise(target: Target, digest: Digest): Promise<number> {
    const link = await this.#links.findLink(candidateNames(target, this.#order), digest);
    const size = link === null ? null : await this.#blobs.size(digest);
    if (link === null || size !== link.size) throw blobUnknown(target, digest);
    const now = this.#now();
    if (now - link.touchedAtMs > TOUCH_EVERY_MS) await this.#links.touchLink(link.repository, digest, now);
    return link.size;
  }

  /** The size of a blob for one who reads it. Throws BLOB_UNKNOWN. */
  async size(target: Target, digest: Digest): Promise<number> {
    const link = await this.#links.findLink(candidateNames(target, this.#order), digest);
    if (link === null) throw blobUnknown(target, digest);
    return link.size;
  }

  /** The content of a blob of `size` bytes, or a range of it. Throws BLOB_UNKNOWN when its file is gone or cut short. */
  async read(target: Target, digest: Digest, size: number, range: ByteRange | null): Promise<BlobBody> {
    const body = (await this.#blobs.size(digest)) === size ? await this.#blobs.read(digest, range) : null;
    if (body === null) throw blobUnknown(target, digest);
    return body;
  }

  /** Takes a blob out of a repository; the space is given back once no repository has it. Throws BLOB_UNKNOWN. */
  async delete(target: Target, digest: Digest): Promise<void> {
    if (!(await this.#links.unlinkBlob(nameOf(target), digest))) {
      throw new RegistryError("BLOB_UNKNOWN", `the blob ${digest} is not in ${nameOf(target)}`, { detail: { digest } });
    }
  }
}
