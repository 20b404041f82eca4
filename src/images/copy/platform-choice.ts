import type { Descriptor } from "../../oci/descriptor.ts";
import { digestOf } from "../../oci/digest.ts";
import { parseManifest } from "../../oci/manifest.ts";
import { isIndexType } from "../../oci/media-type.ts";
import { formatPlatform, type Platform, platformMatches } from "../../oci/platform.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { ImageSource, ManifestContent } from "../image-source.ts";
import { readManifest } from "./manifest-tree.ts";
import { formatRawIndex, parseRawIndex } from "../raw-index.ts";
import { readPlatform } from "./read-platform.ts";

/**
 * Which parts of an image for several platforms to copy. `only` insists that each of its platforms is there; `prefer`
 * narrows an index to one platform, and takes an image that is no index as it is.
 */
export type PlatformChoice =
  | { readonly kind: "all" }
  | { readonly kind: "only"; readonly platforms: readonly Platform[] }
  | { readonly kind: "prefer"; readonly platform: Platform };

/**
 * The manifest that holds what was chosen: `root` itself, the manifest of the one platform, or for several platforms a
 * new index, which lists nothing but those and what is attached to them. Only a new index has bytes and a digest that
 * the source does not know. Throws MANIFEST_UNKNOWN, naming the platforms that there are.
 */
export async function choosePlatforms(
  source: ImageSource,
  root: ManifestContent,
  choice: PlatformChoice,
): Promise<ManifestContent> {
  if (choice.kind === "all") return root;
  if (!isIndexType(root.mediaType)) {
    if (choice.kind === "only") await insist(source, root, choice.platforms);
    return root;
  }
  const wanted = choice.kind === "only" ? choice.platforms : [choice.platform];
  const children = await withPlatforms(source, parseManifest(root.bytes, root.mediaType).manifests);
  const chosen = new Set(wanted.map((platform) => bestMatch(children, platform) ?? absent(source, platform, children)));
  const [first] = chosen;
  if (first !== undefined && chosen.size === 1) {
    const child = await readManifest(source, first.descriptor.digest);
    return choosePlatforms(source, child, choice);
  }
  return narrowed(root, new Set([...chosen].map(({ descriptor }) => descriptor.digest)));
}

type Child = { readonly descriptor: Descriptor; readonly platform: Platform | null };

/** Indexes may leave the platform out; the image's config knows it then. */
async function withPlatforms(source: ImageSource, children: readonly Descriptor[]): Promise<readonly Child[]> {
  return Promise.all(
    children.map(async (descriptor) => {
      if (descriptor.platform !== undefined) return { descriptor, platform: descriptor.platform };
      const content = await source.manifest(descriptor.digest);
      return { descriptor, platform: content === null ? null : await readPlatform(source, content) };
    }),
  );
}

/** The same variant first: `linux/arm/v7` is not to get what merely says `linux/arm` when both are there. */
function bestMatch(children: readonly Child[], wanted: Platform): Child | null {
  const matching = children.filter(({ platform }) => platform !== null && platformMatches(wanted, platform));
  return matching.find(({ platform }) => platform?.variant === wanted.variant) ?? matching[0] ?? null;
}

async function insist(source: ImageSource, root: ManifestContent, wanted: readonly Platform[]): Promise<void> {
  const platform = await readPlatform(source, root);
  // An artifact has no platform: it is for all of them.
  if (platform === null) return;
  const missing = wanted.find((one) => !platformMatches(one, platform));
  if (missing !== undefined) absent(source, missing, [{ platform }]);
}

function absent(source: ImageSource, wanted: Platform, there: readonly Pick<Child, "platform">[]): never {
  const known = there.flatMap(({ platform }) => (platform === null ? [] : [formatPlatform(platform)]));
  const has = [...new Set(known)].filter((platform) => platform !== "unknown/unknown").join(", ");
  throw new RegistryError(
    "MANIFEST_UNKNOWN",
    `${source.location} has no image for ${formatPlatform(wanted)}; it is for ${has || "no platform that it names"}`,
  );
}

/** BuildKit attaches an attestation to the manifest that this annotation names. */
const ATTACHED_TO = "vnd.docker.reference.digest";

function narrowed(root: ManifestContent, digests: ReadonlySet<string>): ManifestContent {
  const index = parseRawIndex(root.bytes);
  const manifests = index.manifests.filter(
    ({ digest, annotations }) => digests.has(digest) || digests.has(annotations?.[ATTACHED_TO] ?? ""),
  );
  const bytes = formatRawIndex({ ...index, manifests });
  return { bytes, mediaType: root.mediaType, digest: digestOf(bytes) };
}
