import type { Work } from "../lib/async/turns.ts";
import type { Descriptor } from "./descriptor.ts";
import type { Digest } from "./digest.ts";
import type { ImageBounds } from "./image-bounds.ts";
import { CONFIG_LIMIT_BYTES, isJsonType, platformOfConfig } from "./image-config.ts";
import { type Manifest, manifestSteps } from "./manifest.ts";
import { isIndexType } from "./media-type.ts";
import type { Platform } from "./platform.ts";

/** A manifest byte for byte. `digest` is that of the bytes. */
export type ManifestContent = { readonly digest: Digest; readonly mediaType: string; readonly bytes: Uint8Array };

/** A manifest that an index lists, with its descriptor; its content is null when it is not there. */
export type ListedContent<Content> = { readonly listed: Descriptor; readonly content: Content | null };

/** Where images are read from. Absence is null, failure throws. */
export interface ImageReader<Content extends ManifestContent = ManifestContent> {
  /** The manifests, each of them once, in any order: as many at once as the place answers well. */
  read(listed: readonly Descriptor[]): AsyncIterable<ListedContent<Content>>;
  /** What an image's config says; null when it is not there, longer than its descriptor says, or not JSON. */
  config(descriptor: Descriptor): Promise<unknown>;
}

/** A manifest of an image, with its content and parsed. */
export type ReadManifest<Content extends ManifestContent = ManifestContent> = {
  readonly content: Content;
  readonly manifest: Manifest;
  readonly isIndex: boolean;
  /** Indexes above it. */
  readonly depth: number;
  /** How the index lists it; null for the image's own manifest. */
  readonly listed: Descriptor | null;
};

/** Reads the manifests of one image, in turns, within what an image can be. */
export class ImageReading<Content extends ManifestContent = ManifestContent> {
  readonly work: Work;
  readonly #reader: ImageReader<Content>;
  readonly #bounds: ImageBounds;

  constructor(reader: ImageReader<Content>, work: Work, bounds: ImageBounds) {
    this.work = work;
    this.#reader = reader;
    this.#bounds = bounds;
  }

  /** Reads what a manifest says. Throws MANIFEST_INVALID. */
  async enter(content: Content, listed: Descriptor | null, depth: number): Promise<ReadManifest<Content>> {
    this.#bounds.enter(content, depth);
    const manifest = await this.work.finish(manifestSteps(content.bytes, content.mediaType));
    return { content, manifest, isIndex: isIndexType(manifest.mediaType), depth, listed };
  }

  /** Reads listed manifests, `depth` indexes below the first one; `read` is null for one that is not there. */
  async *read(
    listed: ReadonlyMap<Digest, Descriptor>,
    depth: number,
  ): AsyncGenerator<{ readonly listed: Descriptor; readonly read: ReadManifest<Content> | null }, void, void> {
    if (listed.size === 0) return;
    this.#bounds.expect(listed.size, depth);
    for await (const { listed: one, content } of this.#reader.read([...listed.values()])) {
      yield { listed: one, read: content === null ? null : await this.enter(content, one, depth) };
    }
  }

  /** The platform that an image's config names; null for what is no image, and for configs that do not say. */
  async platformOf({ manifest: { config } }: ReadManifest<Content>): Promise<Platform | null> {
    if (config === null || !isJsonType(config.mediaType) || config.size > CONFIG_LIMIT_BYTES) return null;
    this.#bounds.enterConfig(config.size);
    return platformOfConfig(await this.#reader.config(config));
  }
}
