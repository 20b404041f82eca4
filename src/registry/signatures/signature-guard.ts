import { SingleFlight } from "../../lib/async/single-flight.ts";
import type { Turns, Work } from "../../lib/async/turns.ts";
import { within } from "../../lib/async/within.ts";
import { parseAttachmentTag } from "../../oci/attachment-tag.ts";
import type { Digest } from "../../oci/digest.ts";
import { type Manifest, manifestSteps } from "../../oci/manifest.ts";
import { isIndexType } from "../../oci/media-type.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { nameOf, type Repository, repositoryOf } from "../../oci/repository.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { Tag } from "../../oci/tag.ts";
import { isAttachment } from "../../signatures/attachment-layers.ts";
import { beginsLikeDocument, DOCUMENT_HEAD_BYTES } from "../../signatures/document-bytes.ts";
import type { SignatureSource } from "../../signatures/signature-source.ts";
import { verifyImage } from "../../signatures/verify-image.ts";
import type { StoreEvent } from "../../storage/events.ts";
import type { ManifestStore, StoredManifest } from "../../storage/metadata.ts";
import { ImageRefused } from "./image-refused.ts";
import type { RefusalCounter } from "./refusal-counter.ts";
import { type RuleSet, type SignatureRule, SignatureRules } from "./signature-rules.ts";
import { VerdictMemory } from "./verdict-memory.ts";

/** Where signatures are looked for: among what is here, or also where the image comes from. */
type SignatureReach = "here" | "upstream";

/** Signatures of a repository, and how its blobs begin. */
interface GuardedSource extends SignatureSource {
  /** The first bytes of a blob, fewer when it is shorter; null when it is not to be had. */
  beginning(digest: Digest, bytes: number): Promise<Uint8Array | null>;
}

/** What a guard works on. `Context` is that of a pull, which is handed on to the sources. */
export type GuardParts<Context> = {
  readonly manifests: Pick<ManifestStore, "listNaming">;
  readonly sourceOf: (repository: Repository, context: Context, reach: SignatureReach) => GuardedSource;
  /** May the repository's registry be asked, in this context? Else why not, as the end of a sentence; empty: it has none. */
  readonly whyNotAsked: (repository: Repository, context: Context) => string | null;
  readonly counter: RefusalCounter;
  readonly turns: Turns;
  readonly now: () => number;
  readonly elapsed: () => number;
};

/** An image on its way to a client: by which name it was asked for, and where it was found. */
export type GuardedImage = {
  readonly asked: Repository;
  readonly found: Repository;
  readonly manifest: StoredManifest;
  /** The tag that led to it; null: its digest did. */
  readonly tag: Tag | null;
};

/** So long is waited for signatures, in milliseconds: a client waits for its image meanwhile. */
const PATIENCE_MS = 30_000;
/** Indexes in indexes that somebody builds. */
const DEPTH_LIMIT = 3;
/** Layers of a signature or an attestation that are looked into; cosign writes one a signature. */
const DOCUMENT_LIMIT = 64;
/** Images that name one blob, and indexes that name one image, which are looked at. */
const NAMING_LIMIT = 32;

/** Null: it may be served. Else why not, completing "it …". */
type Outcome = string | null;

/**
 * Lets no image pass that lacks a signature where the rules require one. What an index names is covered by the index's own
 * signature; signatures and other documents about images need none, as long as nobody could unpack them.
 */
export class SignatureGuard<Context> {
  readonly #parts: GuardParts<Context>;
  readonly #memory: VerdictMemory;
  readonly #flights = new SingleFlight<string, Outcome>();
  #rules = new SignatureRules([]);

  constructor(parts: GuardParts<Context>) {
    this.#parts = parts;
    this.#memory = new VerdictMemory(parts.elapsed);
  }

  /** From now on these rules hold. */
  replaceRules(rules: readonly SignatureRule[]): void {
    this.#rules = new SignatureRules(rules);
    this.#memory.clear();
  }

  /** Follows what happens to repositories: signatures come and go. */
  note({ kind, repository }: StoreEvent): void {
    if (repository === null || this.#rules.isEmpty) return;
    if (kind === "pushed" || kind === "cached" || kind === "imported") this.#memory.noteAddition(repository);
    else this.#memory.noteRemoval(repository);
  }

  /** Is nothing required, of any image? */
  get isIdle(): boolean {
    return this.#rules.isEmpty;
  }

  /** Is nothing required of what was asked for by one name and found under another? */
  isFree(asked: RepositoryName, found: RepositoryName): boolean {
    return this.#rules.of(asked, found).rules.length === 0;
  }

  /** May it be served, without a look at anything? False: `admit` tells. */
  isKnownToPass(asked: RepositoryName, found: RepositoryName, digest: Digest): boolean {
    if (this.#rules.isEmpty) return true;
    const set = this.#rules.of(asked, found);
    return set.rules.length === 0 || this.#memory.isAllowed(found, digest, set);
  }

  /** Returns when the image may be served. Throws ImageRefused, saying which rule it lacks a signature for. */
  async admit(image: GuardedImage, context: Context): Promise<void> {
    const { asked, found, manifest, tag } = image;
    const set = this.#rules.of(nameOf(asked), nameOf(found));
    if (set.rules.length === 0 || isReferrersList(manifest, tag)) return;
    const why = await this.#judge(found, manifest, set, context, 0);
    if (why === null) return;
    throw this.#refusal(found, `${nameOf(found)}@${manifest.digest}`, why, manifest);
  }

  /**
   * Returns when a blob may be served that was found under one of `names`: an image there that may be served itself names it.
   * Throws ImageRefused. A blob comes after its image, so that mostly it is known.
   */
  async admitBlob(
    asked: Repository,
    names: readonly RepositoryName[],
    digest: Digest,
    context: Context,
  ): Promise<void> {
    const sets = names.map((name) => ({ name, set: this.#rules.of(nameOf(asked), name) }));
    if (sets.some(({ name, set }) => set.rules.length > 0 && this.#memory.isAllowed(name, digest, set))) return;
    let why = `it is part of no image of ${nameOf(asked)} that was pulled`;
    for (const { name, set } of sets) {
      const images = await this.#parts.manifests.listNaming(name, digest, { after: null, limit: NAMING_LIMIT });
      for (const image of images) {
        const outcome = set.rules.length === 0 ? null : await this.#judge(repositoryOf(name), image, set, context, 0);
        if (outcome === null) return;
        why = `it is part of ${image.digest}: ${outcome}`;
      }
    }
    throw this.#refusal(asked, `the blob ${digest}`, why, null);
  }

  /** What the rules say of an image, one sentence for each; none where nothing is required. */
  async explain(
    { asked, found, manifest }: GuardedImage,
    context: Context,
  ): Promise<readonly { readonly pattern: string; readonly why: string | null }[]> {
    const { rules } = this.#rules.of(nameOf(asked), nameOf(found));
    const single = (rule: SignatureRule): RuleSet => ({ rules: [rule], key: `only ${rules.indexOf(rule)}` });
    const told = [];
    for (const rule of rules) {
      const why = await this.#look(found, manifest, single(rule), context, 0);
      told.push({ pattern: rule.pattern.text, why });
    }
    return told;
  }

  #refusal(found: Repository, what: string, why: string, manifest: StoredManifest | null): ImageRefused {
    this.#parts.counter.refused(found.namespace, what, why);
    return new ImageRefused(`${what} is not served: ${why}`, manifest);
  }

  #judge(
    found: Repository,
    manifest: StoredManifest,
    set: RuleSet,
    context: Context,
    depth: number,
  ): Promise<Outcome> | Outcome {
    const name = nameOf(found);
    const { digest } = manifest;
    if (this.#memory.isAllowed(name, digest, set)) return null;
    const refused = this.#memory.refusal(name, digest, set);
    if (refused !== null) return refused;
    const isAsked = this.#parts.whyNotAsked(found, context) === null;
    const key = `${name}@${digest} ${set.key} ${isAsked}`;
    // One who looks at an index does so for a manifest of it, which may be waited for under the same name.
    if (depth > 0) return this.#look(found, manifest, set, context, depth);
    const look = this.#flights.run(key, () => this.#look(found, manifest, set, context, depth));
    return within<Outcome>(
      look,
      PATIENCE_MS,
      () => `has signatures that could not be looked at within ${PATIENCE_MS / 1000} s`,
    );
  }

  async #look(
    found: Repository,
    manifest: StoredManifest,
    set: RuleSet,
    context: Context,
    depth: number,
  ): Promise<Outcome> {
    const work = this.#parts.turns.begin();
    const rules = this.#rules;
    const memory = this.#memory.begin(nameOf(found));
    const parsed = await read(manifest, work);
    const isAboutOthers =
      parsed !== null && isAttachment(parsed) && (await this.#holdsDocuments(found, parsed, context));
    const isFree = isAboutOthers || (await this.#isCovered(found, manifest.digest, set, context, depth));
    const why = isFree ? null : await this.#verify(found, manifest, set, context, work);
    if (rules !== this.#rules) return why;
    if (why !== null) memory.refuse(manifest.digest, set, why);
    else memory.allow(partsOf(manifest.digest, parsed), set);
    return why;
  }

  /** Is every layer what its type says, a document? An image may call its layers what it likes, and some engines do not look. */
  async #holdsDocuments(found: Repository, { layers }: Manifest, context: Context): Promise<boolean> {
    if (layers.length > DOCUMENT_LIMIT) return false;
    const reach = this.#parts.whyNotAsked(found, context) === null ? "upstream" : "here";
    const source = this.#parts.sourceOf(found, context, reach);
    for (const { digest } of layers) {
      const head = await beginningOf(source, digest);
      if (head === null || !beginsLikeDocument(head)) return false;
    }
    return true;
  }

  /** Does an index name the manifest that may be served itself? */
  async #isCovered(found: Repository, digest: Digest, set: RuleSet, context: Context, depth: number): Promise<boolean> {
    if (depth >= DEPTH_LIMIT) return false;
    const page = { after: null, limit: NAMING_LIMIT };
    const naming = await this.#parts.manifests.listNaming(nameOf(found), digest, page);
    for (const one of naming.filter(({ mediaType }) => isIndexType(mediaType))) {
      if ((await this.#judge(found, one, set, context, depth + 1)) === null) return true;
    }
    return false;
  }

  async #verify(
    found: Repository,
    manifest: StoredManifest,
    set: RuleSet,
    context: Context,
    work: Work,
  ): Promise<Outcome> {
    const image = { ...manifest, sizeBytes: manifest.bytes.byteLength };
    const verify = (rule: SignatureRule, reach: SignatureReach) =>
      verifyImage(image, rule.authorities, this.#parts.sourceOf(found, context, reach), work, this.#parts.now());
    for (const rule of set.rules) {
      const here = await verify(rule, "here");
      if (here.isSigned) continue;
      const silence = this.#parts.whyNotAsked(found, context);
      if (silence !== null) return tell(rule, here.why, silence);
      try {
        const there = await verify(rule, "upstream");
        if (!there.isSigned) return tell(rule, there.why, "");
      } catch (error) {
        if (!(error instanceof RegistryError)) throw error;
        return tell(rule, here.why, `and upstream could not be asked for signatures: ${error.message}`);
      }
    }
    this.#parts.counter.verified(found.namespace);
    return null;
  }
}

/** Null also when it cannot be had now: what nobody has looked into is judged as an image. */
async function beginningOf(source: GuardedSource, digest: Digest): Promise<Uint8Array | null> {
  try {
    return await source.beginning(digest, DOCUMENT_HEAD_BYTES);
  } catch (error) {
    if (error instanceof RegistryError) return null;
    throw error;
  }
}

function tell({ pattern }: SignatureRule, why: string, more: string): string {
  return `images of ${pattern.text} must be signed, and it ${why}${more === "" ? "" : `; ${more}`}`;
}

/** Is it the list of what refers to an image, under its tag? Nobody runs it, and what it lists is looked at for itself. */
export function isReferrersList({ mediaType }: StoredManifest, tag: Tag | null): boolean {
  return tag !== null && isIndexType(mediaType) && parseAttachmentTag(tag)?.isReferrersTag === true;
}

/** What may be served with a manifest: itself, its blobs, and what it lists. */
function* partsOf(digest: Digest, manifest: Manifest | null): Iterable<Digest> {
  yield digest;
  if (manifest === null) return;
  if (manifest.config !== null) yield manifest.config.digest;
  for (const layer of manifest.layers) yield layer.digest;
  for (const child of manifest.manifests) yield child.digest;
}

/** Null for one that cannot be read: it is judged by its digest alone. */
async function read({ bytes, mediaType }: StoredManifest, work: Work): Promise<Manifest | null> {
  try {
    return await work.finish(manifestSteps(bytes, mediaType));
  } catch (error) {
    if (error instanceof RegistryError) return null;
    throw error;
  }
}
