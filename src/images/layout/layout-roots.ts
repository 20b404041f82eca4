import type { Descriptor } from "../../oci/descriptor.ts";
import type { Digest } from "../../oci/digest.ts";
import { type Manifest, parseManifest } from "../../oci/manifest.ts";
import type { FileTree } from "../files/file-tree.ts";
import { isSameImage } from "../image-name.ts";
import type { ImageSource } from "../image-source.ts";
import { blobPath, nameOf } from "./layout-index.ts";

/**
 * Finds the manifests that belong to the images of `manifest.json` in an archive that is an OCI layout as well. The two
 * lists have the config in common. Docker saves an index whole, but only the platforms that it has: then the manifest
 * of the platform is the image.
 */
export class LayoutRoots {
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
