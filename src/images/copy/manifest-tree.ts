import type { Descriptor } from "../../oci/descriptor.ts";
import type { Digest } from "../../oci/digest.ts";
import { parseManifest } from "../../oci/manifest.ts";
import { isNonDistributable } from "../../oci/media-type.ts";
import { formatPlatform } from "../../oci/platform.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { ImageSource, ManifestContent } from "../image-source.ts";
import { mapBounded } from "../../lib/async/map-bounded.ts";

/** All that an image consists of. `manifests`: those that come before others that list them, so the root is last. */
export type ManifestTree = {
  readonly manifests: readonly ManifestContent[];
  readonly blobs: readonly Descriptor[];
};

const DEPTH_LIMIT = 8;
const MANIFEST_COUNT_LIMIT = 2000;
const TOTAL_BYTES_LIMIT = 256 * 1024 * 1024;

/**
 * Reads the manifests below `root`, `jobs` at once, and gathers what they list; nothing twice. Layers that may not be
 * distributed are left out. Throws MANIFEST_UNKNOWN when the source lacks a manifest that an index lists, and
 * MANIFEST_INVALID for trees that no image has (too deep, too many, too large).
 */
export async function readManifestTree(
  source: ImageSource,
  root: ManifestContent,
  jobs: number,
): Promise<ManifestTree> {
  const nodes = new Map<Digest, Node>();
  let [totalBytes, depth] = [0, 0];
  for (let level: readonly ManifestContent[] = [root]; level.length > 0; depth += 1) {
    const added = level.map(readNode);
    for (const node of added) nodes.set(node.content.digest, node);
    totalBytes += level.reduce((sum, { bytes }) => sum + bytes.length, 0);
    const listed = new Map(added.flatMap(({ children }) => children.map((child) => [child.digest, child])));
    const missing = [...listed.values()].filter(({ digest }) => !nodes.has(digest));
    if (depth > DEPTH_LIMIT || nodes.size + missing.length > MANIFEST_COUNT_LIMIT || totalBytes > TOTAL_BYTES_LIMIT) {
      throw new RegistryError("MANIFEST_INVALID", `the index ${root.digest} of ${source.location} lists too much`);
    }
    level = await mapBounded(missing, jobs, (child) => readChild(source, root, child));
  }
  const blobs = new Map([...nodes.values()].flatMap((node) => node.blobs.map((blob) => [blob.digest, blob])));
  return { manifests: childrenFirst(root.digest, nodes), blobs: [...blobs.values()] };
}

type Node = {
  readonly content: ManifestContent;
  readonly children: readonly Descriptor[];
  readonly blobs: readonly Descriptor[];
};

function readNode(content: ManifestContent): Node {
  const { config, layers, manifests } = parseManifest(content.bytes, content.mediaType);
  const blobs = config === null ? layers : [config, ...layers];
  return { content, children: manifests, blobs: blobs.filter(({ mediaType }) => !isNonDistributable(mediaType)) };
}

/** A manifest may be listed on several levels; digests allow no circles. */
function childrenFirst(root: Digest, nodes: ReadonlyMap<Digest, Node>): readonly ManifestContent[] {
  const ordered = new Map<Digest, ManifestContent>();
  const visit = (digest: Digest) => {
    const node = nodes.get(digest);
    if (node === undefined || ordered.has(digest)) return;
    for (const child of node.children) visit(child.digest);
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

async function readChild(source: ImageSource, root: ManifestContent, child: Descriptor): Promise<ManifestContent> {
  const content = await source.manifest(child.digest);
  if (content !== null) return content;
  const what = child.platform === undefined ? "" : ` (${formatPlatform(child.platform)})`;
  throw new RegistryError(
    "MANIFEST_UNKNOWN",
    `${source.location} is incomplete: its index ${root.digest} lists ${child.digest}${what}, which is not there; choose platforms that are`,
  );
}
