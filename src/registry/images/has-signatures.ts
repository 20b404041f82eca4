import type { Work } from "../../lib/async/turns.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import type { Digest } from "../../oci/digest.ts";
import { isIndexType } from "../../oci/media-type.ts";
import { referrersTag } from "../../oci/referrers-tag.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { Tag } from "../../oci/tag.ts";
import { isSignatureType, looksLikeSignature } from "../../signatures/attachment-layers.ts";
import type { ManifestStore, TagStore } from "../../storage/metadata.ts";
import { readManifest } from "../pull/read-manifest.ts";

/** Referrers that are looked at: what an image's maker signed is among the first ones, or there is none. */
const LOOKED_AT = 200;
const BATCH = 8;
/** What a sigstore bundle is about stands in this annotation; a signature says that it is one, or nothing. */
const PREDICATE = "dev.sigstore.bundle.predicateType";
const SIGN_PREDICATE = "https://sigstore.dev/cosign/sign/";

/**
 * Does something that claims to be a signature of this manifest lie beside it: cosign's tag, a referrer, or an entry of its
 * referrers tag? Nothing is verified.
 */
export async function hasSignatures(
  { manifests, tags }: { readonly manifests: ManifestStore; readonly tags: TagStore },
  repository: RepositoryName,
  digest: Digest,
  work: Work,
): Promise<boolean> {
  if ((await tags.getTagged(repository, `${referrersTag(digest)}.sig` as Tag)) !== null) return true;
  for (let [after, looked]: [Digest | null, number] = [null, 0]; looked < LOOKED_AT; looked += BATCH) {
    const referrers = await manifests.listReferrers(repository, digest, { after, limit: BATCH });
    if (referrers.some(({ bytes }) => isSignature(bytes))) return true;
    if (referrers.length < BATCH) break;
    after = referrers.at(-1)?.digest ?? null;
    await work.rest();
  }
  const listed = await tags.getTagged(repository, referrersTag(digest));
  if (listed === null || !isIndexType(listed.manifest.mediaType)) return false;
  const index = await readManifest(listed.manifest, work).catch(() => null);
  return index?.manifests.some(isListedSignature) === true;
}

function isSignature(bytes: Uint8Array): boolean {
  if (!looksLikeSignature(bytes)) return false;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return !text.includes(PREDICATE) || text.includes(SIGN_PREDICATE);
}

function isListedSignature({ artifactType = "", annotations = {} }: Descriptor): boolean {
  return isSignatureType(artifactType) && (annotations[PREDICATE]?.startsWith(SIGN_PREDICATE) ?? true);
}
