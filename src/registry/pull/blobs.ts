import type { RangeReader } from "../../lib/files/range-reader.ts";
import type { ByteRange } from "../../lib/text/byte-range.ts";
import type { Digest } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { nameOf, type Repository, repositoryOf } from "../../oci/repository.ts";
import type { Namespace, RepositoryName } from "../../oci/repository-name.ts";
import type { BlobBody, BlobStore } from "../../storage/blobs.ts";
import { isUnkeepable } from "../../storage/storage-error.ts";
import { type EventCause, NO_CAUSE } from "../../storage/events.ts";
import type { PushedStore } from "../../storage/pushed.ts";
import type { ImageRules } from "../names/image-rules.ts";
import { assertMayGo } from "./immutable-tags.ts";
import type { BlobLink, BlobLinkStore, HoldingStore, TagStore } from "../../storage/metadata.ts";
import { describeFailure } from "../../lib/failures/describe-failure.ts";
import { isSystemError } from "../../lib/files/system-error.ts";
import { UpstreamError } from "../../upstream/transport/upstream-error.ts";
import type { BlobDownload } from "./blob-download.ts";
import type { BlobFiles } from "./blob-files.ts";
import { findLender, findLent } from "./lent-blobs.ts";
import {
  candidateNames,
  type MayPull,
  searchFor,
  type SearchOrder,
  upstreamRepositories,
} from "../names/search-order.ts";
import { ImageRefused } from "../signatures/image-refused.ts";
import { blobUnknown, blobUnreadable, type UpstreamOutlook } from "./not-found.ts";
import { contextFor, type BlobOrigin, type ImageGuard, type PullContext } from "./origin.ts";
import type { BestEffortWrites } from "./best-effort-writes.ts";
import type { TrafficCounter } from "./traffic.ts";

/** A link is touched at most this often, so that a HEAD seldom costs a write; or before half of its grace is over. */
const TOUCH_EVERY_MS = 60_000;

/** A blob that can be read: from disk, or from its download as that grows. */
export type FoundBlob = {
  readonly size: number;
  /** The registry that it is fetched from; null when it is here. */
  readonly fetchedFrom: Namespace | null;
  read(range: ByteRange | null): Promise<BlobBody>;
  /** Opens it, to be read here and there, of which `bytes` will be sent; null when it can only be read in one go. */
  open(bytes: number): Promise<RangeReader | null>;
};

/** The stores of blobs, and the upstream that missing ones come from. */
export type BlobParts = {
  readonly store: BlobStore;
  readonly files: BlobFiles;
  readonly links: BlobLinkStore;
  readonly holdings: HoldingStore;
  readonly tags: Pick<TagStore, "getTagged">;
  readonly pushed: PushedStore;
  readonly origin: BlobOrigin;
  readonly order: SearchOrder;
  /** What may come in, and what never changes. */
  readonly rules: ImageRules;
  /** For messages. */
  readonly outlook: UpstreamOutlook;
  readonly traffic: TrafficCounter;
  readonly bestEffort: BestEffortWrites;
  readonly guard: ImageGuard;
  readonly now: () => number;
  /** How long a link stays that somebody relies on, though no manifest needs it. */
  readonly graceMs: number;
};

/** Pulls and deletions of blobs. */
export class Blobs {
  readonly #parts: BlobParts;

  constructor(parts: BlobParts) {
    this.#parts = parts;
  }

  /**
   * The size of a blob for one who may be about to push a manifest with it: the blob stays for the grace period.
   * Throws BLOB_UNKNOWN, and IntakeDenied when a rule is all that stands against it.
   *
   * For who may push, upstream is asked only for what a manifest that was pulled from there names. A push is not to wait for
   * the internet at every layer, nor to fail without it: the pusher has the blob. Others are told what `get` would tell.
   */
  async sizeForPush(repository: Repository, digest: Digest, context: PullContext): Promise<number> {
    const { links, now, graceMs } = this.#parts;
    const link = await this.#findHere(repository, digest, context.mayPull);
    if (link === null) return this.#sizeAtUpstream(repository, digest, context);
    const ageMs = now() - link.touchedAtMs;
    // What was touched in the future was touched by a clock that was wrong.
    if (ageMs > Math.min(TOUCH_EVERY_MS, graceMs / 2) || ageMs < 0) {
      const touch = () => links.touchLink(link.repository, digest, now());
      await this.#parts.bestEffort.attempt("that somebody relies on a blob", touch);
    }
    return link.size;
  }

  /** The blob for one who reads it. Throws as `sizeForPush` does, and ImageRefused where its images lack a signature. */
  async get(repository: Repository, digest: Digest, context: PullContext): Promise<FoundBlob> {
    const link = await this.#findHere(repository, digest, context.mayPull);
    if (!this.#parts.guard.isIdle) await this.#admit(repository, digest, link, context);
    if (link !== null) return this.#stored(repository, link, digest, context);
    try {
      const { download, fetchedFrom } = await this.#askUpstream(repository, digest, context, async (upstream) => {
        const found = await this.#parts.origin.download(upstream, digest, contextFor(repository, context));
        return found === null ? null : { download: found, fetchedFrom: upstream.namespace };
      });
      const read = (range: ByteRange | null) =>
        this.#along(repository, digest, download.read(range), download, () => this.#parts.store.read(digest, range));
      const open = () =>
        this.#along(repository, digest, download.open(), download, () => this.#parts.store.open(digest));
      return { size: download.size, fetchedFrom, read, open };
    } catch (error) {
      // There is nowhere to keep it; the one who asked gets it all the same.
      if (isUnkeepable(error)) return this.#unkept(repository, digest, context);
      throw error;
    }
  }

  /** Would `get` serve a blob of this very repository, as far as the rules go? What is not served is not lent by a mount either. */
  async isServed(repository: Repository, digest: Digest, context: PullContext): Promise<boolean> {
    const { rules, guard } = this.#parts;
    const name = nameOf(repository);
    if (rules.limitsIntake && (await this.#withoutDenied([name], digest)).length === 0) return false;
    if (guard.isFree(name, name) || guard.isKnownToPass(name, name, digest)) return true;
    try {
      await guard.admitBlob(repository, [name], digest, context);
      return true;
    } catch (error) {
      if (error instanceof ImageRefused) return false;
      throw error;
    }
  }

  async #admit(repository: Repository, digest: Digest, link: BlobLink | null, context: PullContext): Promise<void> {
    const { guard, order } = this.#parts;
    const asked = nameOf(repository);
    if (link !== null && guard.isKnownToPass(asked, link.repository, digest)) return;
    const names = candidateNames(repository, await searchFor(repository, order, context.mayPull));
    if (names.some((name) => !guard.isFree(asked, name))) await guard.admitBlob(repository, names, digest, context);
  }

  /** Brings a blob here: null when it is here already, else its download. Throws as `sizeForPush` does. */
  async bring(repository: Repository, digest: Digest, context: PullContext): Promise<BlobDownload | null> {
    if ((await this.#findHere(repository, digest, context.mayPull)) !== null) return null;
    const { origin } = this.#parts;
    return this.#askUpstream(repository, digest, context, (upstream) => origin.download(upstream, digest, context));
  }

  /**
   * Makes good what `sizeForPush` has said, or would say, to a pusher: the blob is on disk afterwards, where `repository` may be
   * answered from. False when it was nowhere. Throws the failure of an upstream that might have it.
   */
  async fulfil(repository: Repository, digest: Digest, context: PullContext): Promise<boolean> {
    const { links, origin } = this.#parts;
    if (await this.secure(repository, digest, context.mayPull)) return true;
    const { found, failure } = await this.#firstAnswer(repository, context, async (upstream) => {
      if (!(await links.isReferenced(nameOf(upstream), digest))) return null;
      const download = await origin.download(upstream, digest, context);
      await download?.done;
      return download;
    });
    if (found !== null) return true;
    if (failure !== null) throw failure;
    return false;
  }

  /**
   * Is the blob on disk, whole, where `repository` may be answered from? For one who relies on it: a repository that lends it
   * links it afterwards, and a file that was set aside is brought back. What only wants to know asks `HeldParts`.
   */
  async secure(repository: Repository, digest: Digest, mayPull?: MayPull): Promise<boolean> {
    return (await this.#findHere(repository, digest, mayPull)) !== null;
  }

  /**
   * A blob of at most `limitBytes` that is on disk, whole; null when it is not. Nobody pulls it: the traffic is not counted,
   * and nothing is changed.
   */
  async readHere(
    repository: Repository,
    digest: Digest,
    limitBytes: number,
    mayPull?: MayPull,
  ): Promise<Uint8Array | null> {
    const found = await this.#find(repository, digest, mayPull);
    if (found === null || found.link.size > limitBytes) return null;
    return this.#readStart(digest, found.link.size);
  }

  /** The first `bytes` of a blob that is on disk, whole, fewer when it is shorter; null when it is not. As `readHere`. */
  async readBeginning(repository: Repository, digest: Digest, bytes: number): Promise<Uint8Array | null> {
    const found = await this.#find(repository, digest, undefined);
    return found === null ? null : this.#readStart(digest, Math.min(bytes, found.link.size));
  }

  async #readStart(digest: Digest, bytes: number): Promise<Uint8Array | null> {
    if (bytes === 0) return new Uint8Array();
    const body = await this.#parts.store.read(digest, { start: 0, end: bytes });
    if (body === null) return null;
    const read = new Uint8Array(await new Response(body).arrayBuffer());
    return read.byteLength === bytes ? read : null;
  }

  /**
   * Takes a blob out of this very repository, whoever else answers for it; the space is given back once no repository has it.
   * Throws BLOB_UNKNOWN, DENIED for what an immutable tag leads to, and UNSUPPORTED where nothing would come of it: a manifest
   * of the repository names the blob, and another repository lends it.
   */
  async delete(repository: Repository, digest: Digest, mayPull?: MayPull, cause: EventCause = NO_CAUSE): Promise<void> {
    const { links, holdings } = this.#parts;
    const name = nameOf(repository);
    const detail = { digest };
    await assertMayGo(repository, { kind: "digest", digest }, this.#parts);
    const isSeen = async (other: Repository) => nameOf(other) !== name && (await mayPull?.(other)) !== false;
    if ((await links.isReferenced(name, digest)) && (await findLender(holdings, digest, isSeen)) !== null) {
      const message = `a manifest of ${name} names the blob ${digest}, and another repository has it: it would still be answered; delete the manifest first`;
      throw new RegistryError("UNSUPPORTED", message, { detail });
    }
    if (await links.unlinkBlob(name, digest, { atMs: this.#parts.now(), cause })) return;
    const holder = (await this.#find(repository, digest, mayPull))?.link.repository ?? null;
    const where = holder === null ? "" : `; ${holder} answers for it: delete it there`;
    throw new RegistryError("BLOB_UNKNOWN", `the blob ${digest} is not in ${name}${where}`, { detail });
  }

  /**
   * The link of a blob whose file is whole, for one who relies on it. A file that is gone or cut short is as good as none: it
   * is fetched or pushed again. A blob that another repository brought here serves this one too, once one of its manifests
   * names it: that is written down, but a pull does not depend on it.
   */
  async #findHere(repository: Repository, digest: Digest, mayPull: MayPull): Promise<BlobLink | null> {
    const { links, files, now, bestEffort } = this.#parts;
    const found = await this.#find(repository, digest, mayPull);
    if (found === null || !(await files.makeWhole(digest, found.link.size))) return null;
    // What was lent because of who asks is nobody else's: written down, others would have it of this repository.
    if (!found.isLent || mayPull !== undefined) return found.link;
    const mount = () => links.mountBlob(found.link.repository, digest, null, now(), "cached");
    await bestEffort.attempt("that a repository has a blob", mount);
    return found.link;
  }

  /** What is recorded of a blob; `isLent`: by another repository, while this one's manifest names it. */
  async #find(
    repository: Repository,
    digest: Digest,
    mayPull: MayPull,
  ): Promise<{ readonly link: BlobLink; readonly isLent: boolean } | null> {
    const { links, holdings, order, rules } = this.#parts;
    const all = candidateNames(repository, await searchFor(repository, order, mayPull));
    const names = rules.limitsIntake ? await this.#withoutDenied(all, digest) : all;
    const link = await links.findLink(names, digest);
    if (link !== null) return { link, isLent: false };
    const size = (await findLent(holdings, [digest], mayPull)).get(digest);
    if (size === undefined) return null;
    const borrower = await links.findNaming(names, digest);
    return borrower === null ? null : { link: { repository: borrower, size, touchedAtMs: 0 }, isLent: true };
  }

  /** Those of the repositories that may answer for the blob: nothing of upstream's comes out that may not come in. */
  async #withoutDenied(names: readonly RepositoryName[], digest: Digest): Promise<readonly RepositoryName[]> {
    const { rules, pushed } = this.#parts;
    const admitted: RepositoryName[] = [];
    for (const name of names) {
      const isDenied = rules.refusal(repositoryOf(name), null) !== null;
      if (!isDenied || (await pushed.isPushed(name, digest))) admitted.push(name);
    }
    return admitted;
  }

  async #sizeAtUpstream(repository: Repository, digest: Digest, context: PullContext): Promise<number> {
    const { links, origin } = this.#parts;
    const isPush = (await context.isPush?.()) === true;
    const asking = contextFor(repository, context);
    const { found, failure } = await this.#firstAnswer(repository, context, async (upstream) =>
      !isPush || (await links.isReferenced(nameOf(upstream), digest)) ? origin.size(upstream, digest, asking) : null,
    );
    if (found !== null) return found;
    // Whether it is there cannot be said now; for one who pushes, it is not.
    if (isPush) throw this.#goneFrom(repository, digest);
    await this.#assertMayComeIn(repository, context);
    throw await this.#unknown(repository, digest, context, failure);
  }

  /** Throws IntakeDenied when the blob may not come in from an upstream of the search. */
  async #assertMayComeIn(repository: Repository, { mayPull }: PullContext): Promise<void> {
    const { rules, order } = this.#parts;
    if (!rules.limitsIntake) return;
    const search = await searchFor(repository, order, mayPull);
    for (const upstream of upstreamRepositories(search)) rules.assertMayComeIn(upstream, null);
  }

  #stored(asked: Repository, link: BlobLink, digest: Digest, context: PullContext): FoundBlob {
    const { store, traffic } = this.#parts;
    const { repository: name, size } = link;
    const reading = async <T>(
      bytes: number,
      read: () => Promise<T | null>,
      again: (found: FoundBlob) => Promise<T>,
    ) => {
      const repository = repositoryOf(name);
      const found = await this.#readOrNote(digest, read);
      if (found === "unreadable") return again(await this.get(asked, digest, context));
      if (found === null) throw this.#goneFrom(repository, digest);
      traffic.hit(repository.namespace, bytes);
      return found;
    };
    return {
      size,
      fetchedFrom: null,
      read: (range) =>
        reading(
          range === null ? size : range.end - range.start,
          () => store.read(digest, range),
          (found) => found.read(range),
        ),
      open: (bytes) =>
        reading<RangeReader | null>(
          bytes,
          () => store.open(digest),
          (found) => found.open(bytes),
        ),
    };
  }

  /** What is read; a file that the system does not let larder read is noted, and from then on as good as none. */
  async #readOrNote<T>(digest: Digest, read: () => Promise<T | null>): Promise<T | null | "unreadable"> {
    try {
      return await read();
    } catch (error) {
      if (!isSystemError(error)) throw error;
      await this.#parts.files.noteUnreadable(digest, describeFailure(error));
      if ((await this.#parts.files.whyUnreadable(digest)) === null) throw error;
      return "unreadable";
    }
  }

  /** A blob that is handed on from upstream to one reader. */
  async #unkept(repository: Repository, digest: Digest, context: PullContext): Promise<FoundBlob> {
    const { origin, traffic } = this.#parts;
    const found = await this.#askUpstream(repository, digest, context, async (upstream) => {
      const size = await origin.size(upstream, digest, context);
      return size === null ? null : { upstream, size };
    });
    return {
      size: found.size,
      fetchedFrom: found.upstream.namespace,
      read: async (range) => {
        const body = await origin.passThrough(found.upstream, { digest, size: found.size }, range, context);
        if (body === null) throw this.#goneFrom(repository, digest);
        traffic.miss(found.upstream.namespace);
        return body;
      },
      // Each range would be a question to upstream.
      open: async () => null,
    };
  }

  /** What `reading` comes to: of the download or, when that ended between the question and the reading, `stored`. */
  async #along<T>(
    repository: Repository,
    digest: Digest,
    reading: Promise<T | null>,
    download: BlobDownload,
    stored: () => Promise<T | null>,
  ): Promise<T> {
    const found = await reading;
    this.#parts.traffic.miss(repository.namespace);
    if (found !== null) return found;
    await download.done;
    const kept = await stored();
    if (kept === null) throw this.#goneFrom(repository, digest);
    return kept;
  }

  async #askUpstream<T>(
    repository: Repository,
    digest: Digest,
    context: PullContext,
    ask: (repository: Repository) => Promise<T | null>,
  ): Promise<T> {
    const { found, failure } = await this.#firstAnswer(repository, context, ask);
    if (found !== null) return found;
    await this.#assertMayComeIn(repository, context);
    throw await this.#unknown(repository, digest, context, failure);
  }

  async #unknown(
    repository: Repository,
    digest: Digest,
    { mayPull }: PullContext,
    failure: UpstreamError | null,
  ): Promise<RegistryError> {
    const { order, outlook, files } = this.#parts;
    const unreadable = await files.whyUnreadable(digest);
    if (unreadable !== null) return blobUnreadable(digest, unreadable, failure);
    const candidates = await searchFor(repository, order, mayPull);
    return blobUnknown(digest, { repository, candidates, failure, outlook }, await files.isDamaged(digest));
  }

  /** The error where upstream was not asked, or was a moment ago. */
  #goneFrom(repository: Repository, digest: Digest): RegistryError {
    const { outlook } = this.#parts;
    return blobUnknown(digest, { repository, candidates: [], failure: null, outlook, isHereOnly: true });
  }

  /** Asks one upstream after the other: the first that has an answer, else the first failure. */
  async #firstAnswer<T>(
    repository: Repository,
    { mayPull }: PullContext,
    ask: (upstream: Repository) => Promise<T | null>,
  ): Promise<{ readonly found: T | null; readonly failure: UpstreamError | null }> {
    let failure: UpstreamError | null = null;
    for (const upstream of upstreamRepositories(await searchFor(repository, this.#parts.order, mayPull))) {
      try {
        const found = await ask(upstream);
        if (found !== null) return { found, failure: null };
      } catch (error) {
        if (!(error instanceof UpstreamError)) throw error;
        failure ??= error;
      }
    }
    return { found: null, failure };
  }
}
