import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { Tag } from "../../oci/tag.ts";

/** A pull that was answered: with which manifest, out of which repository, and to whom. */
export type SeenPull = {
  readonly repository: RepositoryName;
  /** Null: it was asked for by its digest. */
  readonly tag: Tag | null;
  readonly manifest: { readonly digest: Digest; readonly mediaType: string; readonly bytes: Uint8Array };
  readonly atMs: number;
  readonly who: string | null;
  /** The client's own address, behind proxies too; null when it was gone. */
  readonly from: string | null;
};
