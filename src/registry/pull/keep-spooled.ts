import type { Digest } from "../../oci/digest.ts";
import type { BlobStore, Spool, UploadId } from "../../storage/blobs.ts";

/** Where bytes are on their way, and where they are kept. */
export type SpoolAndStore = { readonly spool: Spool; readonly store: BlobStore };

/** Turns an upload into the blob `digest`. Its size. Throws DIGEST_INVALID when its bytes have another digest: it is gone then. */
export async function keepSpooled({ spool, store }: SpoolAndStore, id: UploadId, digest: Digest): Promise<number> {
  return store.put(digest, await spool.seal(id, digest));
}
