import { mapBounded } from "../lib/async/map-bounded.ts";
import type { Work } from "../lib/async/turns.ts";
import type { Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/repository-name.ts";
import { nameOf, type Repository } from "../oci/repository.ts";
import type { Tag } from "../oci/tag.ts";
import type { TagKind } from "../storage/metadata.ts";
import type { BlobImport } from "./blob-import.ts";
import { chooseTagged } from "./choose-tagged.ts";
import type { ImportTally } from "./import-event.ts";
import type { ImportOptions, ImportParts } from "./import-parts.ts";
import type { RegistryFolder } from "./registry-folder.ts";
import { BadManifest, type ManifestThere, readManifestThere } from "./stored-manifest.ts";
import type { StoredRepository, StoredTagLink } from "./stored-repository.ts";

/** Manifests whose blobs are looked up together. */
const SLICE = 500;
/** As many as a store is asked for at once. */
const SET = 200;
const READ_AT_ONCE = 8;
/** Those that are written side by side are made durable together. */
const WRITTEN_AT_ONCE = 32;
/** Tags that one transaction sets. */
const TAGS_AT_ONCE = 100;
/** No index that people make is deeper. */
const DEPTH_LIMIT = 8;

/** What an import of a repository works with. */
export type RepositoryImportParts = {
  readonly parts: ImportParts;
  readonly folder: RegistryFolder;
  readonly tally: ImportTally;
  readonly blobs: BlobImport;
  readonly options: ImportOptions;
  readonly kind: TagKind;
  readonly signal: AbortSignal;
};

/**
 * Imports one repository: the blobs of each image, then its manifest with its tags; what an index lists before the index. So a
 * crash leaves nothing that is not whole, and the next run goes on with what is not here.
 */
export class RepositoryImport {
  readonly #of: RepositoryImportParts;
  readonly #there: StoredRepository;
  readonly #repository: Repository;
  readonly #name: RepositoryName;
  readonly #work: Work;
  readonly #known = new Map<Digest, Digest>();
  /** What is to be put, by its digest, without its bytes. */
  readonly #todo = new Map<Digest, ManifestThere>();
  /** What the repository holds by now. */
  readonly #held = new Set<Digest>();
  readonly #tagsOf = new Map<Digest, Tag[]>();
  readonly #listed = new Set<Digest>();

  constructor(of: RepositoryImportParts, there: StoredRepository, repository: Repository) {
    this.#of = of;
    this.#there = there;
    this.#repository = repository;
    this.#name = nameOf(repository);
    this.#work = of.parts.turns.begin(of.signal);
  }

  async run(): Promise<void> {
    await this.#compareTags();
    await this.#findHeld();
    await this.#readAll();
    const all = [...this.#todo.values()];
    for (const { manifests } of all) for (const digest of manifests) this.#listed.add(digest);
    const images = all.filter(({ isIndex }) => !isIndex);
    for (let at = 0; at < images.length; at += SLICE) await this.#putAll(images.slice(at, at + SLICE));
    for (const level of this.#levels(all.filter(({ isIndex }) => isIndex))) {
      for (let at = 0; at < level.length; at += SLICE) await this.#putAll(level.slice(at, at + SLICE));
    }
    this.#of.tally.add("repositories");
  }

  /** Sorts out which tags are to be set. */
  async #compareTags(): Promise<void> {
    for (const [tag, link] of this.#there.tags) {
      await this.#work.rest();
      if (!(await this.#isToBeSet(tag, link))) continue;
      const tags = this.#tagsOf.get(link.digest);
      if (tags === undefined) this.#tagsOf.set(link.digest, [tag]);
      else tags.push(tag);
    }
  }

  async #isToBeSet(tag: Tag, { digest }: StoredTagLink): Promise<boolean> {
    const { tally, options, kind, parts } = this.#of;
    const here = (await parts.metadata.tags.getTagged(this.#name, tag))?.tag;
    if (here === undefined) return true;
    if (here.digest === digest) {
      if (here.kind === "pushed" || kind === "cached") tally.add("tagsHere");
      return here.kind === "cached" && kind === "pushed";
    }
    const rule = parts.immutableBy(this.#repository, tag);
    if (options.force && rule === null) return true;
    const why = rule === null ? "--force moves it" : `${rule} keeps it as it is`;
    tally.keep(`${this.#name}:${tag}`, here.digest, digest, why);
    return false;
  }

  /** What a person pushed here before is whole, and stays; a copy of upstream's need not be whole. */
  async #findHeld(): Promise<void> {
    const { kind, parts } = this.#of;
    const { holdings, pushed } = parts.metadata;
    const revisions = [...this.#there.revisions];
    for (let at = 0; at < revisions.length; at += SET) {
      const slice = revisions.slice(at, at + SET);
      const found = await holdings.findManifests([this.#name], slice);
      for (const digest of found.keys()) {
        if (kind === "cached" || (await pushed.isPushed(this.#name, digest))) this.#held.add(digest);
      }
      await this.#work.rest();
    }
  }

  async #readAll(): Promise<void> {
    const { folder, tally, options, signal } = this.#of;
    const wanted = [...this.#there.revisions].filter((digest) => !this.#held.has(digest) || this.#tagsOf.has(digest));
    await mapBounded(wanted, READ_AT_ONCE, async (digest) => {
      signal.throwIfAborted();
      try {
        const { stored: _, ...manifest } = await readManifestThere(folder, digest, this.#intern, this.#work);
        this.#todo.set(digest, manifest);
      } catch (error) {
        if (!(error instanceof BadManifest)) throw error;
        tally.note({ image: this.#imageOf(digest), file: error.file, what: `${error.message}: left out` });
      }
    });
    if (options.taggedOnly) this.#keepTagged();
  }

  #keepTagged(): void {
    const tagged = new Set([...this.#there.tags.values()].map(({ digest }) => digest));
    const chosen = chooseTagged(tagged, this.#held, [...this.#todo.values()]);
    for (const digest of this.#todo.keys()) if (!chosen.has(digest)) this.#todo.delete(digest);
  }

  readonly #intern = (digest: Digest): Digest => {
    const known = this.#known.get(digest);
    if (known !== undefined) return known;
    this.#known.set(digest, digest);
    return digest;
  };

  /** Indexes, those first that list no others of them. */
  #levels(indexes: readonly ManifestThere[]): readonly (readonly ManifestThere[])[] {
    const byDigest = new Map(indexes.map((index) => [index.digest, index]));
    const depths = new Map<Digest, number>();
    const depthOf = (index: ManifestThere, above: number): number => {
      const known = depths.get(index.digest);
      if (known !== undefined || above > DEPTH_LIMIT) return known ?? 0;
      const below = index.manifests.map((digest) => byDigest.get(digest)).filter((one) => one !== undefined);
      const depth = below.reduce((deepest, one) => Math.max(deepest, 1 + depthOf(one, above + 1)), 0);
      depths.set(index.digest, depth);
      return depth;
    };
    const levels: ManifestThere[][] = [];
    for (const index of indexes) (levels[depthOf(index, 0)] ??= []).push(index);
    return levels.filter((level) => level !== undefined);
  }

  async #putAll(manifests: readonly ManifestThere[]): Promise<void> {
    const { blobs, signal } = this.#of;
    const place = { here: this.#name, there: this.#there.name };
    await blobs.bring(
      place,
      manifests.flatMap((one) => one.blobs),
    );
    await mapBounded(manifests, WRITTEN_AT_ONCE, async (manifest) => {
      signal.throwIfAborted();
      if (this.#isComplete(manifest)) await this.#put(manifest);
    });
  }

  /** Is there all that it cannot do without? Of what an index lists, some will do; a cache's lacks are fetched when they are asked for. */
  #isComplete(manifest: ManifestThere): boolean {
    const { blobs, tally, kind } = this.#of;
    const lacking = manifest.blobs.filter((digest) => blobs.whyNot(digest) !== null);
    const absent = manifest.manifests.filter((digest) => !this.#held.has(digest));
    if (kind === "cached" || lacking.length + absent.length === 0) return true;
    const image = this.#imageOf(manifest.digest);
    const isEmpty = absent.length === manifest.manifests.length && absent.length > 0;
    if (lacking.length > 0 || isEmpty) {
      const [first = "", ...others] = [...lacking, ...absent];
      const more = others.length > 0 ? ` and ${others.length} more` : "";
      tally.note({ image, file: null, what: `it is not whole, and left out: it lacks ${first}${more}` });
      return false;
    }
    if (absent.length > 0) {
      tally.add("sparse");
      const of = `${absent.length} of the ${manifest.manifests.length} manifests that it lists`;
      tally.note({ image, file: null, what: `the index is taken without ${of}: ${absent.slice(0, 3).join(", ")}` });
    }
    return true;
  }

  async #put(manifest: ManifestThere): Promise<void> {
    const { options, tally } = this.#of;
    const tags = this.#tagsOf.get(manifest.digest) ?? [];
    if (!options.dryRun && !(await this.#store(manifest, tags))) return;
    if (!this.#held.has(manifest.digest)) tally.add("manifests");
    this.#held.add(manifest.digest);
    tally.add("tags", tags.length);
  }

  /** False, and noted, when something has gone meanwhile. */
  async #store(manifest: ManifestThere, tags: readonly Tag[]): Promise<boolean> {
    const { folder, parts, options, kind, blobs, tally } = this.#of;
    const { stored } = await readManifestThere(folder, manifest.digest, this.#intern, this.#work);
    const taggedAtMs = new Map(tags.map((tag) => [tag, this.#taggedAtMs(tag)] as const));
    for (let at = 0; at === 0 || at < tags.length; at += TAGS_AT_ONCE) {
      const missing = await parts.metadata.manifests.putManifest(this.#name, {
        manifest: stored,
        requiredBlobs: manifest.blobs.filter((digest) => blobs.whyNot(digest) === null),
        borrowFrom: [],
        requiredManifests: manifest.manifests.filter((digest) => this.#held.has(digest)),
        references: manifest.references,
        subject: manifest.subject,
        tags: tags.slice(at, at + TAGS_AT_ONCE),
        kind,
        isPart: tags.length === 0 && this.#listed.has(manifest.digest) && !this.#held.has(manifest.digest),
        atMs: parts.now(),
        takenOver: { taggedAtMs, replaces: options.force },
        cause: options.cause,
        sizeBytes: manifest.sizeBytes,
      });
      if (missing.length === 0) continue;
      const what = `${missing[0]} was removed here meanwhile: import again`;
      tally.note({ image: this.#imageOf(manifest.digest), file: null, what });
      return false;
    }
    return true;
  }

  /** A file of the future was written by a clock that was wrong. */
  #taggedAtMs(tag: Tag): number {
    const now = this.#of.parts.now();
    return Math.min(now, this.#there.tags.get(tag)?.taggedAtMs ?? now);
  }

  /** The name that people know it by. */
  #imageOf(digest: Digest): string {
    const { name, tags } = this.#there;
    const named = tags.entries().find(([, link]) => link.digest === digest);
    return named === undefined ? `${name}@${digest}` : `${name}:${named[0]}`;
  }
}
