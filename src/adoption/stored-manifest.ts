import { join } from "node:path";
import type { Work } from "../lib/async/turns.ts";
import { describeFailure } from "../lib/failures/describe-failure.ts";
import { algorithmOf, type Digest, digestOf } from "../oci/digest.ts";
import { manifestSteps } from "../oci/manifest.ts";
import { listedIn, referencesOf, requiredBlobs, weightOf } from "../oci/manifest-references.ts";
import { isIndexType } from "../oci/media-type.ts";
import { RegistryError } from "../oci/registry-error.ts";
import type { StoredManifest } from "../storage/metadata.ts";
import { readSmallFile } from "./read-small-file.ts";
import type { RegistryFolder } from "./registry-folder.ts";
import { blobFile } from "./registry-layout.ts";

/** As much as a push may have. */
const MANIFEST_LIMIT_BYTES = 4.5 * 1024 * 1024;

/** A manifest of another registry's folder: what it needs, without its bytes. */
export type ManifestThere = {
  readonly digest: Digest;
  readonly isIndex: boolean;
  /** Blobs that it is not whole without. */
  readonly blobs: readonly Digest[];
  /** Manifests that it lists. */
  readonly manifests: readonly Digest[];
  readonly references: readonly Digest[];
  readonly subject: Digest | null;
  readonly sizeBytes: number | null;
};

/** Why a manifest cannot be taken: what is wrong with its file. */
export class BadManifest extends Error {
  readonly file: string;

  constructor(file: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.file = file;
  }
}

/** Reads a manifest's file, and compares it with its digest. Throws BadManifest. */
async function readManifestFile(folder: RegistryFolder, digest: Digest): Promise<Uint8Array> {
  const file = blobFile(digest);
  const found = await readSmallFile(join(folder.path, file), MANIFEST_LIMIT_BYTES);
  if (found.kind === "absent") throw new BadManifest(file, "the manifest's file is missing");
  if (found.kind === "unusable") throw new BadManifest(file, `the manifest's file cannot be used: ${found.why}`);
  if (digestOf(found.bytes, algorithmOf(digest)) === digest) return found.bytes;
  throw new BadManifest(file, "the manifest's file is damaged: its bytes have another digest");
}

/** Reads what a manifest needs. Throws BadManifest. `intern` gives one string for equal digests. */
export async function readManifestThere(
  folder: RegistryFolder,
  digest: Digest,
  intern: (digest: Digest) => Digest,
  work: Work,
): Promise<ManifestThere & { readonly stored: StoredManifest }> {
  const bytes = await readManifestFile(folder, digest);
  try {
    const manifest = await work.finish(manifestSteps(bytes, null));
    const { manifests, others } = listedIn(manifest);
    return {
      digest,
      isIndex: isIndexType(manifest.mediaType),
      blobs: [...requiredBlobs(manifest), ...others].map(intern),
      manifests: manifests.map(intern),
      references: referencesOf(manifest).map(intern),
      subject: manifest.subject === null ? null : intern(manifest.subject.digest),
      sizeBytes: weightOf(manifest, bytes.byteLength),
      stored: { digest, mediaType: manifest.mediaType, bytes },
    };
  } catch (cause) {
    if (!(cause instanceof RegistryError)) throw cause;
    throw new BadManifest(blobFile(digest), `larder takes no such manifest: ${describeFailure(cause)}`, { cause });
  }
}
