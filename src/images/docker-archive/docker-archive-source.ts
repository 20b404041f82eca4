import { type Digest, digestOf, tryParseDigest } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { withListing } from "./ancient-archive.ts";
import { buildImage, type BuiltImage } from "./build-image.ts";
import { type DockerImage, readDockerListing } from "./docker-listing.ts";
import { type FileTree, readWhole } from "../files/file-tree.ts";
import { isSameImage } from "../image-name.ts";
import type { ImageSource, SourceImage } from "../image-source.ts";
import { blobPath, nameOf, readLayoutIndex } from "../layout/layout-index.ts";
import { layoutSource, openLayoutSource, unknownLabel } from "../layout/layout-source.ts";
import { normalizePath } from "../files/tar-tree.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { type Manifest, parseManifest } from "../../oci/manifest.ts";

const CONFIG_LIMIT_BYTES = 16 * 1024 * 1024;

/**
 * The images of a Docker archive, however old. `label` is a name or `@<position>`; null takes all.
 *
 * An archive that is an OCI layout as well has the images' manifests, and they are used. For others a manifest is made
 * out of what `manifest.json` lists: always the same for the same archive, but not the one that the image once had.
 */
export async function openDockerArchiveSource(tree: FileTree, label: string | null): Promise<ImageSource> {
  const listing = await readDockerListing(tree);
  const index = await readLayoutIndex(tree);
  if (listing === null && index !== null) return openLayoutSource(tree, label);
  if (listing === null) {
    const listed = await withListing(tree);
    if (listed === null) throw notAnArchive(tree);
    return openDockerArchiveSource(listed, label);
  }

  const chosen = pick(listing, label, tree.location);
  const entries = index?.manifests ?? [];
  const layout = layoutSource(tree, entries, () => Promise.resolve([]));
  const roots = new LayoutRoots(tree, entries, layout);
  const built = new Map<DockerImage, Promise<BuiltImage>>();
  const build = (image: DockerImage, config: Uint8Array) => {
    const building = built.get(image) ?? buildImage(tree, image, config);
    built.set(image, building);
    return building;
  };
  const toImage = async ({ image, name }: Chosen): Promise<SourceImage> => {
    const config = await readConfig(tree, image);
    const root = await roots.find(digestOf(config), name);
    if (root !== null) return { name, digest: root, isBuilt: false };
    return { name, digest: (await build(image, config)).manifest.digest, isBuilt: true };
  };
  const allBuilt = () => Promise.all(built.values());
  return {
    ...layout,
    images: () => Promise.all(chosen.map(toImage)),
    async manifest(digest) {
      const own = (await allBuilt()).find(({ manifest }) => manifest.digest === digest);
      return own?.manifest ?? layout.manifest(digest);
    },
    async blob(descriptor) {
      const path = (await allBuilt()).map(({ paths }) => paths.get(descriptor.digest)).find((one) => one !== undefined);
      return path === undefined ? layout.blob(descriptor) : tree.open(path);
    },
  };
}

type Chosen = { readonly image: DockerImage; readonly name: string | null };

function pick(listing: readonly DockerImage[], label: string | null, location: string): readonly Chosen[] {
  if (listing.length === 0) throw new RegistryError("MANIFEST_UNKNOWN", `${location} holds no image`);
  if (label === null) {
    return listing.flatMap((image) => {
      const names: readonly (string | null)[] = image.names.length === 0 ? [null] : image.names;
      return names.map((name) => ({ image, name }));
    });
  }
  for (const [position, image] of listing.entries()) {
    const name = image.names.find((one) => isSameImage(one, label));
    if (name !== undefined || label === `@${position}`) return [{ image, name: name ?? image.names[0] ?? null }];
  }
  throw unknownLabel(
    label,
    location,
    listing.flatMap(({ names }) => names),
  );
}

/** A config's file is named after its digest: a content that does not have it is damaged. */
async function readConfig(tree: FileTree, { config: path }: DockerImage): Promise<Uint8Array> {
  const bytes = await readWhole(tree, normalizePath(path) ?? "", CONFIG_LIMIT_BYTES);
  if (bytes === null) throw new RegistryError("BLOB_UNKNOWN", `${tree.location} is incomplete: it lacks ${path}`);
  const named = tryParseDigest(`sha256:${/([0-9a-f]{64})(?:\.json)?$/.exec(path)?.[1] ?? ""}`);
  const actual = digestOf(bytes);
  if (named !== null && named !== actual) {
    throw new RegistryError(
      "DIGEST_INVALID",
      `${path} in ${tree.location} is damaged: its bytes have the digest ${actual}`,
    );
  }
  return bytes;
}

function notAnArchive(tree: FileTree): RegistryError {
  const why = "it has neither manifest.json nor index.json";
  return new RegistryError("MANIFEST_UNKNOWN", `${tree.location} is not an archive of images: ${why}`);
}

/**
 * Finds the manifests that belong to the images of `manifest.json` in an archive that is an OCI layout as well. The two
 * lists have the config in common. Docker saves an index whole, but only the platforms that it has: then the manifest
 * of the platform is the image.
 */
class LayoutRoots {
  readonly #tree: FileTree;
  readonly #entries: readonly Descriptor[];
  readonly #layout: Pick<ImageSource, "manifest">;

  constructor(tree: FileTree, entries: readonly Descriptor[], layout: Pick<ImageSource, "manifest">) {
    this.#tree = tree;
    this.#entries = entries;
    this.#layout = layout;
  }

  /** The digest of the manifest or index of the image with this config; null when the layout has none. */
  async find(config: Digest, name: string | null): Promise<Digest | null> {
    const isNamed = (entry: Descriptor) => name !== null && isSameImage(nameOf(entry) ?? "", name);
    const [named, others] = [this.#entries.filter(isNamed), this.#entries.filter((entry) => !isNamed(entry))];
    for (const { digest } of [...named, ...others]) {
      const found = await this.#findBelow(digest, config);
      if (found !== null) return found;
    }
    return null;
  }

  async #findBelow(digest: Digest, config: Digest): Promise<Digest | null> {
    const manifest = await this.#read(digest);
    if (manifest === null) return null;
    if (manifest.config?.digest === config) return digest;
    const children = await Promise.all(
      manifest.manifests.map(async (child) => ({ digest: child.digest, manifest: await this.#read(child.digest) })),
    );
    const platform = children.find((child) => child.manifest?.config?.digest === config);
    if (platform === undefined) return null;
    const complete = await Promise.all(children.map((child) => this.#isComplete(child.manifest)));
    return complete.every(Boolean) ? digest : platform.digest;
  }

  async #read(digest: Digest): Promise<Manifest | null> {
    const content = await this.#layout.manifest(digest);
    return content === null ? null : parseManifest(content.bytes, content.mediaType);
  }

  async #isComplete(manifest: Manifest | null): Promise<boolean> {
    if (manifest === null) return false;
    const blobs = manifest.config === null ? manifest.layers : [manifest.config, ...manifest.layers];
    const files = await Promise.all(blobs.map(({ digest }) => this.#tree.open(blobPath(digest))));
    return files.every((file) => file !== null);
  }
}
