import { type CopyEvent, copyImage } from "../images/copy/copy-image.ts";
import { tellNotCarried, tellReferrersFailure } from "../images/copy/not-carried.ts";
import { Turns } from "../lib/async/turns.ts";
import { isJsonType } from "../oci/image-config.ts";
import { platformsIn } from "../oci/image-walk.ts";
import { mapBounded } from "../lib/async/map-bounded.ts";
import { sourceReader } from "../images/copy/source-reader.ts";
import { registrySource } from "../images/registry/registry-source.ts";
import { registrySink } from "../images/registry/registry-sink.ts";
import type { Digest } from "../oci/digest.ts";
import { type Manifest, parseManifest } from "../oci/manifest.ts";
import { isIndexType } from "../oci/media-type.ts";
import { ALL_PLATFORMS, type PlatformSelection } from "../oci/platform-selection.ts";
import { formatReference, type Reference } from "../oci/reference.ts";
import { RegistryError } from "../oci/registry-error.ts";
import { DOCKER_HUB, LOCAL, type RepositoryPath, tryParseRepositoryPath } from "../oci/repository-name.ts";
import type { Tag } from "../oci/tag.ts";
import { summaryOf, tryNamePlatform } from "../registry/images/image-summary.ts";
import type { FetchedManifest, RegistryClient } from "../upstream/registry-client.ts";
import { UpstreamError } from "../upstream/transport/upstream-error.ts";
import { checkPlainImage } from "./check-plain-image.ts";
import type { CommandIo } from "../lib/command/command-io.ts";
import type { BroughtImage, ImageDetails, ImageRegistry, ImageRow, ImageState } from "./image-registry.ts";
import { openOwnRegistry, PARALLEL_BLOBS } from "./own-registry.ts";

/** Images that are looked at at once. */
const PARALLEL_IMAGES = 16;
/** Manifests of one image that are looked at at once. */
const PARALLEL_MANIFESTS = 4;

/** A registry that is no larder, by the distribution API alone. */
export class PlainImages implements ImageRegistry {
  readonly host: string;
  readonly goesOnAlone = false;
  readonly unqualified = [DOCKER_HUB];
  readonly #client: RegistryClient;
  readonly #io: CommandIo;

  constructor(host: string, client: RegistryClient, io: CommandIo) {
    this.host = host;
    this.#client = client;
    this.#io = io;
  }

  async list(text: string): Promise<readonly ImageRow[] | null> {
    const { signal } = this.#io;
    const repositories = await this.#client.listRepositories({ signal });
    if (repositories === null) return null;
    const named = await mapBounded(repositories, PARALLEL_IMAGES, async (path) => {
      const tags = (await this.#client.listTags(path, { signal }))?.tags ?? [];
      return tags.filter((tag) => `${path}:${tag}`.includes(text)).map((tag) => ({ path, tag }));
    });
    const rows = await mapBounded(named.flat(), PARALLEL_IMAGES, ({ path, tag }) => this.#describe(path, tag));
    return rows.filter((row) => row !== null).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async inspect(reference: Reference): Promise<ImageDetails | null> {
    const found = await this.#find(reference);
    if (found === null) return null;
    const { path, fetched } = found;
    const { manifest, platforms, readConfig } = await this.#look(path, fetched);
    const summary = summaryOf(manifest, platforms);
    const name = reference.digest === null ? `${path}:${reference.tag}` : `${path}@${reference.digest}`;
    return {
      name,
      kind: null,
      updatedAtMs: null,
      pulledAtMs: null,
      digest: fetched.digest,
      ...summary,
      platforms: summary.platforms.map((one) => ({ ...one, isHere: null })),
      sizeBytes: sizeOf(fetched, manifest),
      config: await readConfig(),
      manifestBase64: Buffer.from(fetched.bytes).toString("base64"),
    };
  }

  async check(references: readonly Reference[], selection: PlatformSelection): Promise<readonly ImageState[]> {
    const { signal } = this.#io;
    return mapBounded(references, PARALLEL_IMAGES, async (reference) => {
      let best: ImageState = {
        state: "absent",
        missing: [],
        missingCount: 0,
        reason: `${formatReference(reference)} is not at ${this.host}`,
      };
      for (const path of plainPathsOf(reference)) {
        const state = await checkPlainImage(this.#client, { ...reference, path }, nameIn(reference), selection, signal);
        if (state.state === "whole") return state;
        if (state.state === "incomplete" && best.state === "absent") best = state;
      }
      return best;
    });
  }

  /** By its tag alone where the registry can do that; most remove a digest, and every tag on it. */
  async remove(reference: Reference): Promise<{ readonly note: string } | null> {
    const { signal } = this.#io;
    for (const path of plainPathsOf(reference)) {
      const name = nameIn(reference);
      const head = await this.#client.headManifest(path, name, { signal });
      if (head === null) continue;
      if (reference.digest === null && (await this.#removeTag(path, name))) return { note: "" };
      const digest = head.digest ?? (await this.#client.getManifest(path, name, { signal }))?.digest;
      if (digest === undefined || !(await this.#client.deleteManifest(path, digest, { signal }))) continue;
      return { note: reference.digest === null ? `with every tag on ${digest}` : "" };
    }
    return null;
  }

  async bring(
    reference: Reference,
    selection: PlatformSelection,
    observe: (event: CopyEvent) => void,
  ): Promise<BroughtImage> {
    const { signal } = this.#io;
    const source = await openOwnRegistry(reference, this.#io);
    const [image] = await source.images();
    if (image === undefined) throw new TypeError(`${source.location} names no image`);
    const [path] = plainPathsOf(reference);
    const sink = registrySink(this.#client, { ...reference, path }, null, signal);
    const warnings: string[] = [];
    const copied = await copyImage(source, image, sink, {
      // One who names a digest needs the image with just that digest, and not a part of it.
      platforms: reference.digest === null ? selection : ALL_PLATFORMS,
      referrers: true,
      onReferrersFailure: (failure) => warnings.push(tellReferrersFailure(failure)),
      jobs: PARALLEL_BLOBS,
      signal,
      onEvent: observe,
    });
    const lack = tellNotCarried(copied.notCarried);
    if (lack !== null) warnings.push(lack);
    const warning = warnings.length === 0 ? null : warnings.join("; ");
    return { digest: copied.digest, fetchedBytes: copied.bytesCopied, warning };
  }

  async #find(reference: Reference): Promise<{ path: RepositoryPath; fetched: FetchedManifest } | null> {
    for (const path of plainPathsOf(reference)) {
      const fetched = await this.#client.getManifest(path, nameIn(reference), { signal: this.#io.signal });
      if (fetched !== null) return { path, fetched };
    }
    return null;
  }

  async #describe(path: RepositoryPath, tag: Tag): Promise<ImageRow | null> {
    const fetched = await this.#client.getManifest(path, tag, { signal: this.#io.signal });
    if (fetched === null) return null;
    const { manifest, platforms } = await this.#look(path, fetched);
    const named = [...platforms.values()].map(tryNamePlatform).filter((platform) => platform !== null);
    return {
      name: `${path}:${tag}`,
      digest: fetched.digest,
      kind: null,
      sizeBytes: sizeOf(fetched, manifest),
      platforms: [...new Set(named)].sort(),
      updatedAtMs: null,
      pulledAtMs: null,
    };
  }

  async #look(path: RepositoryPath, fetched: FetchedManifest) {
    const { signal } = this.#io;
    const manifest = parseManifest(fetched.bytes, fetched.mediaType);
    const work = new Turns().begin(signal);
    const source = registrySource(this.#client, { namespace: LOCAL, path, tag: null, digest: fetched.digest }, signal);
    const reader = sourceReader(source, PARALLEL_MANIFESTS, work);
    const { config, mediaType } = manifest;
    return {
      manifest,
      platforms: await platformsIn({ ...fetched, mediaType }, reader, work),
      readConfig: async () => (config === null || !isJsonType(config.mediaType) ? null : reader.config(config)),
    };
  }

  async #removeTag(path: RepositoryPath, name: Tag | Digest): Promise<boolean> {
    try {
      return await this.#client.deleteManifest(path, name, { signal: this.#io.signal });
    } catch (error) {
      if (error instanceof UpstreamError && error.failure.kind === "rejected") return false;
      throw error;
    }
  }
}

function nameIn(reference: Reference): Tag | Digest {
  const name = reference.digest ?? reference.tag;
  if (name === null) throw new RegistryError("TAG_INVALID", `${formatReference(reference)} has neither tag nor digest`);
  return name;
}

/** Manifest, config and layers; null for an index, whose images a registry may hold or not. */
function sizeOf({ bytes }: FetchedManifest, { mediaType, config, layers }: Manifest): number | null {
  if (isIndexType(mediaType)) return null;
  return layers.reduce((sum, { size }) => sum + size, bytes.byteLength + (config?.size ?? 0));
}

/**
 * Where a registry that is no larder may keep an image, best first: flat as people push there, without its host, since
 * that is what a node asks a registry for that stands in for others; then under its full name; then without Docker
 * Hub's `library/`.
 */
export function plainPathsOf({ namespace, path }: Reference): readonly [RepositoryPath, ...RepositoryPath[]] {
  if (namespace === LOCAL) return [path];
  const isOfficial = namespace === DOCKER_HUB && path.startsWith("library/");
  const short = isOfficial ? path.slice("library/".length) : "";
  // A host's port is nothing that a path may hold.
  const others = [`${namespace}/${path}`, short].map(tryParseRepositoryPath).filter((other) => other !== null);
  return [path, ...others];
}
