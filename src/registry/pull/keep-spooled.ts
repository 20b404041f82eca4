import type { Digest } from "../../oci/digest.ts";
import type { BlobStore, Spool, UploadId } from "../../storage/blobs.ts";

/** The spool that uploads are written to, and the store that finished blobs go to. */
export type SpoolAndStore = { readonly spool: Spool; readonly store: BlobStore };

/**
 * Turns a finished upload into the blob `digest` and returns its size in bytes. Throws DIGEST_INVALID when the content
 * has another digest; the upload is deleted then.
 */
export async function keepSpooled({ spool, store }: SpoolAndStore, id: UploadId, digest: Digest): Promise<number> {
  return store.put(digest, await spool.seal(id, digest));
}
