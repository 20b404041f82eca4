import type { Work } from "../../lib/async/turns.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import type { Digest } from "../../oci/digest.ts";
import { walkImage, type WalkedManifest } from "../../oci/image-walk.ts";
import { formatPlatform } from "../../oci/platform.ts";
import { ALL_PLATFORMS } from "../../oci/platform-selection.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { ManifestContent } from "../../oci/image-reader.ts";
import type { ImageSource } from "../image-source.ts";
import { sourceReader } from "./source-reader.ts";

/** The parts of an image. In `manifests` each comes before those that list it, so the root is last. */
export type ManifestTree = {
  readonly manifests: readonly ManifestContent[];
  readonly blobs: readonly Descriptor[];
};

/**
 * Reads the manifests below `root`, `jobs` at once, and gathers what they list; nothing twice. Throws MANIFEST_UNKNOWN
 * when the source lacks a manifest that an index lists, and MANIFEST_INVALID for trees that no image has.
 */
export async function readManifestTree(
  source: ImageSource,
  root: ManifestContent,
  jobs: number,
  work: Work,
): Promise<ManifestTree> {
  const nodes = new Map<Digest, WalkedManifest>();
  const blobs = new Map<Digest, Descriptor>();
  const options = { reader: sourceReader(source, jobs, work), selection: ALL_PLATFORMS, work };
  for await (const step of walkImage(root, options)) {
    if (step.kind === "missing") throw incompleteIndex(source, root.digest, step.listed);
    nodes.set(step.content.digest, step);
    for (const blob of step.blobs) blobs.set(blob.digest, blob);
  }
  return { manifests: childrenFirst(root.digest, nodes), blobs: [...blobs.values()] };
}

/** A manifest may be listed on several levels; digests allow no circles. */
function childrenFirst(root: Digest, nodes: ReadonlyMap<Digest, WalkedManifest>): readonly ManifestContent[] {
  const ordered = new Map<Digest, ManifestContent>();
  const visit = (digest: Digest) => {
    const node = nodes.get(digest);
    if (node === undefined || ordered.has(digest)) return;
    for (const child of node.manifest.manifests) visit(child.digest);
    ordered.set(digest, node.content);
  };
  visit(root);
  return [...ordered.values()];
}

/** A manifest by its digest. Throws MANIFEST_UNKNOWN when the source lacks it. */
export async function readManifest(source: ImageSource, digest: Digest): Promise<ManifestContent> {
  const content = await source.manifest(digest);
  if (content === null) throw new RegistryError("MANIFEST_UNKNOWN", `${source.location} lacks the manifest ${digest}`);
  return content;
}

/** The error for a source that lacks a manifest that an index of its lists. */
export function incompleteIndex(source: ImageSource, index: Digest, { digest, platform }: Descriptor): RegistryError {
  const what = platform === undefined ? "" : ` (${formatPlatform(platform).slice(0, 80)})`;
  return new RegistryError(
    "MANIFEST_UNKNOWN",
    `${source.location} is incomplete: its index ${index} lists ${digest}${what}, which is not there; choose platforms that are`,
  );
}
