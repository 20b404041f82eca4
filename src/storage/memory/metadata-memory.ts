import { attachmentTagsOf } from "../../oci/attachment-tag.ts";
import type { Digest } from "../../oci/digest.ts";
import { isIndexType } from "../../oci/media-type.ts";
import type { Namespace, RepositoryName } from "../../oci/repository-name.ts";
import type { Tag } from "../../oci/tag.ts";
import { blobHappening } from "../event-told.ts";
import { type EventCause, eventOfRemoval, eventsOfPut, NO_CAUSE } from "../events.ts";
import { BlobTransitions } from "../blob-transitions.ts";
import type {
  BlobLink,
  HeldManifest,
  LocatedTag,
  ManifestPut,
  MetadataStore,
  StoredManifest,
  SeenTag,
  StoredTag,
  Tagged,
  TagKind,
  TagOrder,
  TagPlace,
  TagQuery,
  UploadSession,
} from "../metadata.ts";
import type { PushedStore } from "../pushed.ts";
import type { Page } from "../page.ts";
import type { BlobHold, HeldBack, Departure } from "../collection.ts";
import type { StoreTotals } from "../statistics.ts";
import type { BlobHolder, RecordedBlob } from "../verification.ts";
import { ProcessLeases } from "../process-leases.ts";
import { MemoryAccounts } from "./accounts-memory.ts";
import { MemoryAudit } from "./audit-memory.ts";
import { MemoryDeliveries } from "./deliveries-memory.ts";
import { MemoryEvents } from "./events-memory.ts";
import { MemoryImageSearch } from "./image-search-memory.ts";
import { isTagged, MemoryLeftBehind } from "./left-behind-memory.ts";
import { MemoryPageSessions } from "./page-sessions-memory.ts";
import { MemoryNodes } from "./nodes-memory.ts";
import { MemoryProofs } from "./proofs-memory.ts";
import { MemoryFetchJobs } from "./fetch-jobs-memory.ts";
import { MemoryPins } from "./pins-memory.ts";
import { MemoryPulls } from "./pulls-memory.ts";
import { MemoryRecordings } from "./recordings-memory.ts";
import { MemorySharing } from "./sharing-memory.ts";
import { MemorySettings } from "./settings-memory.ts";
import { MemoryTagLists } from "./tag-lists-memory.ts";
import { MemorySpace } from "./space-memory.ts";
import { MemoryStatistics } from "./statistics-memory.ts";
import { MemoryRottenBlobs, MemoryVerification } from "./verification-memory.ts";

type Held = {
  manifest: StoredManifest;
  isPushed: boolean;
  usedAtMs: number;
  pulledAtMs: number | null;
  references: readonly Digest[];
  subject: Digest | null;
  orphanedAtMs: number | null;
};
type Repository = {
  manifests: Map<Digest, Held>;
  tags: Record<TagKind, Map<Tag, StoredTag>>;
  links: Map<Digest, { touchedAtMs: number }>;
  /** As `MemoryLeftBehind` has it. */
  left: Map<Digest, number>;
};

/** Marks orphans of an image that was evicted: what was pushed is none. */
const EVICTED = -1;

/** Metadata in memory, for tests of what stands on it: the contract in its plainest form. */
export function memoryMetadata(): MetadataStore {
  const store = new MemoryMetadata();
  const audit = new MemoryAudit(store.events);
  return {
    manifests: store,
    tags: store,
    tagIndex: store,
    imageSearch: new MemoryImageSearch(store),
    tagLists: new MemoryTagLists(),
    repositories: store,
    links: store,
    holdings: store,
    sharing: new MemorySharing(store),
    pushed: store,
    sessions: store,
    collection: store,
    leftBehind: new MemoryLeftBehind(store),
    transitions: store,
    events: store.events,
    deliveries: store.deliveries,
    audit,
    accounts: new MemoryAccounts(audit),
    pageSessions: new MemoryPageSessions(audit),
    leases: new ProcessLeases(() => performance.now()),
    settings: new MemorySettings(),
    space: new MemorySpace(store),
    pulls: new MemoryPulls(store),
    pins: new MemoryPins(),
    recordings: new MemoryRecordings(),
    fetchJobs: new MemoryFetchJobs(),
    proofs: new MemoryProofs(),
    nodes: new MemoryNodes(),
    statistics: new MemoryStatistics(() => store.totals()),
    verification: new MemoryVerification(store),
    rotten: store.rotten,
    close: async () => {},
  };
}

class MemoryMetadata {
  readonly repositories = new Map<RepositoryName, Repository>();
  readonly #sizes = new Map<Digest, number>();
  readonly #sessions = new Map<string, UploadSession>();
  readonly #transitions = new BlobTransitions();
  readonly deliveries = new MemoryDeliveries();
  readonly events = new MemoryEvents(this.deliveries);
  readonly rotten = new MemoryRottenBlobs(this, this.events);

  #open(name: RepositoryName): Repository {
    let repository = this.repositories.get(name);
    if (repository === undefined) {
      const tags = { pushed: new Map(), cached: new Map() };
      repository = { manifests: new Map(), tags, links: new Map(), left: new Map() };
      this.repositories.set(name, repository);
    }
    return repository;
  }

  async putManifest(name: RepositoryName, given: ManifestPut): Promise<readonly Digest[]> {
    const repository = this.#open(name);
    const put = given.takenOver === undefined ? given : { ...given, tags: freeTags(repository, given) };
    const lent = (digest: Digest) => put.borrowFrom.some((from) => this.#open(from).links.has(digest));
    const missing = [
      ...put.requiredBlobs.filter((digest) => !repository.links.has(digest) && !lent(digest)),
      ...put.requiredManifests.filter((digest) => !repository.manifests.has(digest)),
    ];
    if (missing.length > 0) return missing;
    for (const digest of put.requiredBlobs) repository.links.set(digest, { touchedAtMs: 0 });
    const { manifest, references, subject, atMs } = put;
    const orphanedAtMs = put.isPart ? atMs : null;
    const held = repository.manifests.get(manifest.digest);
    const isPushed = put.kind === "pushed" || held?.isPushed === true;
    const pulledAtMs = held?.pulledAtMs ?? null;
    const use = { isPushed, usedAtMs: atMs, pulledAtMs };
    if (held === undefined) repository.left.delete(manifest.digest);
    if (held === undefined)
      repository.manifests.set(manifest.digest, { manifest, references, subject, orphanedAtMs, ...use });
    else Object.assign(held, use, held.orphanedAtMs === null ? {} : { orphanedAtMs });
    for (const digest of put.requiredManifests) {
      const child = repository.manifests.get(digest);
      if (child !== undefined) child.orphanedAtMs = null;
    }
    for (const tag of put.tags) {
      const old = repository.tags[put.kind].get(tag);
      const same = put.kind === "cached" && old?.digest === manifest.digest;
      const taggedAtMs = put.takenOver?.taggedAtMs.get(tag) ?? atMs;
      const updatedAtMs = same ? old.updatedAtMs : taggedAtMs;
      const entry = { tag, kind: put.kind, digest: manifest.digest, updatedAtMs, checkedAtMs: taggedAtMs, pulledAtMs };
      repository.tags[put.kind].set(tag, entry);
      repository.left.delete(manifest.digest);
      if (old !== undefined) this.#noteLeft(repository, old.digest, atMs);
    }
    if (put.isAdopted === true) this.#adopt(repository, put);
    const told = { cause: put.cause, contentBytes: manifest.bytes.byteLength };
    for (const event of eventsOfPut(name, put)) this.events.add(event, told);
    return [];
  }

  #adopt({ manifests, tags }: Repository, { manifest, references }: ManifestPut): void {
    const listed = isIndexType(manifest.mediaType) ? references : [];
    const tagged = new Set(Array.from(tags.pushed.values(), ({ digest }) => digest));
    for (const digest of [manifest.digest, ...listed]) {
      const held = manifests.get(digest);
      if (held !== undefined && !tagged.has(digest)) held.isPushed = false;
    }
  }

  /** As `MemoryPulls` needs it. */
  notePull(name: RepositoryName, digest: Digest, atMs: number): readonly Digest[] | null {
    const { manifests, tags } = this.#open(name);
    const held = manifests.get(digest);
    if (held === undefined) return null;
    Object.assign(held, { usedAtMs: atMs, pulledAtMs: atMs });
    for (const kind of Object.values(tags)) {
      for (const [tag, entry] of kind) if (entry.digest === digest) kind.set(tag, { ...entry, pulledAtMs: atMs });
    }
    return [...manifests].filter(([, other]) => other.references.includes(digest)).map(([index]) => index);
  }

  lastPull(name: RepositoryName, digest: Digest): number | null {
    return this.#open(name).manifests.get(digest)?.pulledAtMs ?? null;
  }

  async getManifest(name: RepositoryName, digest: Digest): Promise<StoredManifest | null> {
    return this.#open(name).manifests.get(digest)?.manifest ?? null;
  }

  async getManifests(names: readonly RepositoryName[], digests: readonly Digest[]) {
    const found = new Map<Digest, HeldManifest>();
    for (const [digest, repository] of await this.findManifests(names, digests)) {
      const manifest = await this.getManifest(repository, digest);
      if (manifest !== null) found.set(digest, { repository, manifest });
    }
    return found;
  }

  async deleteManifest(
    name: RepositoryName,
    digest: Digest,
    withChildren: boolean,
    atMs: number,
    cause: EventCause = NO_CAUSE,
  ): Promise<boolean> {
    const repository = this.#open(name);
    const tags = Object.values(repository.tags).flatMap((all) =>
      [...all.values()].filter((entry) => entry.digest === digest).map(({ tag }) => tag),
    );
    if (!this.#remove(repository, digest, withChildren ? 0 : atMs, atMs)) return false;
    this.events.add(eventOfRemoval(name, null, digest, atMs, cause), { cause, tags });
    if (withChildren) this.#collectOrphans(repository, 1, atMs);
    return true;
  }

  #remove(repository: Repository, digest: Digest, orphanedAtMs: number, nowMs: number): boolean {
    const held = repository.manifests.get(digest);
    if (held === undefined) return false;
    repository.manifests.delete(digest);
    repository.left.delete(digest);
    for (const tags of Object.values(repository.tags)) {
      for (const [tag, entry] of tags) if (entry.digest === digest) tags.delete(tag);
    }
    for (const child of held.references) {
      const orphan = repository.manifests.get(child);
      const stays = orphanedAtMs === EVICTED && orphan?.isPushed === true;
      if (orphan !== undefined && !stays && this.#isUnnamed(repository, child)) orphan.orphanedAtMs = orphanedAtMs;
    }
    if (orphanedAtMs <= 0) this.#releaseAttached(repository, digest, nowMs, orphanedAtMs);
    else if (isAnythingAttached(repository, digest)) repository.left.set(digest, orphanedAtMs);
    return true;
  }

  #noteLeft({ manifests, tags, left }: Repository, digest: Digest, atMs: number): void {
    if (manifests.has(digest) && !isTagged(tags, digest)) left.set(digest, atMs);
  }

  /** As `MemoryLeftBehind` needs it. */
  removeImage(name: RepositoryName, digest: Digest, nowMs: number): number {
    this.#remove(this.#open(name), digest, 0, nowMs);
    return 1 + this.#collectOrphans(this.#open(name), 1, nowMs);
  }

  /** As `MemorySpace` needs it. */
  removeEvicted(name: RepositoryName, digest: Digest): void {
    // What loses a tag by this is noted with the time of whoever looks at it next.
    this.#remove(this.#open(name), digest, EVICTED, Number.MAX_SAFE_INTEGER);
    this.#collectOrphans(this.#open(name), 1, Number.MAX_SAFE_INTEGER);
  }

  /** As `MemorySpace` needs it. */
  sizeOf(blob: Digest): number {
    return this.#sizes.get(blob) ?? 0;
  }

  /** As `MemoryLeftBehind` needs it. */
  removeAttached(name: RepositoryName, subject: Digest, nowMs: number): number {
    this.#releaseAttached(this.#open(name), subject, nowMs);
    return this.#collectOrphans(this.#open(name), 1, nowMs);
  }

  #releaseAttached(repository: Repository, subject: Digest, nowMs: number, orphanedAtMs = 0): void {
    const { manifests, tags } = repository;
    const attached = [...manifests].filter(([, held]) => held.subject === subject).map(([digest]) => digest);
    for (const tag of attachmentTagsOf(subject)) {
      for (const kind of orphanedAtMs === EVICTED ? [tags.cached] : Object.values(tags)) {
        const entry = kind.get(tag);
        kind.delete(tag);
        if (entry === undefined) continue;
        attached.push(entry.digest);
        this.#noteLeft(repository, entry.digest, nowMs);
      }
    }
    const tagged = new Set(Object.values(tags).flatMap((kind) => Array.from(kind.values(), ({ digest }) => digest)));
    for (const digest of attached) {
      const held = manifests.get(digest);
      const stays = orphanedAtMs === EVICTED && held?.isPushed === true;
      if (held !== undefined && !stays && !tagged.has(digest)) held.orphanedAtMs = orphanedAtMs;
    }
  }

  #isUnnamed(repository: Repository, digest: Digest): boolean {
    const tagged = Object.values(repository.tags).some((tags) => [...tags.values()].some((t) => t.digest === digest));
    return !tagged && ![...repository.manifests.values()].some((held) => held.references.includes(digest));
  }

  #collectOrphans(repository: Repository, beforeMs: number, nowMs: number): number {
    const isDue = ([digest, held]: [Digest, Held]) =>
      held.orphanedAtMs !== null &&
      held.orphanedAtMs < beforeMs &&
      this.#isUnnamed(repository, digest) &&
      (held.subject === null || !repository.manifests.has(held.subject));
    let count = 0;
    for (let due = [...repository.manifests].find(isDue); due; due = [...repository.manifests].find(isDue)) {
      this.#remove(repository, due[0], due[1].orphanedAtMs ?? 0, nowMs);
      count++;
    }
    // What something holds is none: it becomes one with what holds it.
    for (const held of repository.manifests.values()) {
      if (held.orphanedAtMs !== null && held.orphanedAtMs < beforeMs) held.orphanedAtMs = null;
    }
    return count;
  }

  async listReferrers(name: RepositoryName, subject: Digest, page: Page): Promise<readonly StoredManifest[]> {
    const { manifests } = this.#open(name);
    const referring = [...manifests].filter(([, held]) => held.subject === subject).map(([digest]) => digest);
    return pageOf(referring, page).flatMap((digest) => manifests.get(digest)?.manifest ?? []);
  }

  async getTagged(name: RepositoryName, tag: Tag): Promise<Tagged | null> {
    return this.recallTagged(name, tag);
  }

  recallTagged(name: RepositoryName, tag: Tag): Tagged | null {
    const repository = this.#open(name);
    const entry = repository.tags.pushed.get(tag) ?? repository.tags.cached.get(tag);
    const held = entry && repository.manifests.get(entry.digest);
    return entry && held ? { tag: entry, manifest: held.manifest } : null;
  }

  async deleteTag(
    name: RepositoryName,
    tag: Tag,
    withManifest: boolean,
    atMs: number,
    cause: EventCause = NO_CAUSE,
    { event = "removed", ...only }: SeenTag = {},
  ): Promise<TagKind | null> {
    const repository = this.#open(name);
    const entry = repository.tags.pushed.get(tag) ?? repository.tags.cached.get(tag);
    const isSeen = Object.entries(only).every(([key, value]) => entry?.[key as keyof StoredTag] === value);
    if (entry === undefined || !isSeen) return null;
    repository.tags[entry.kind].delete(tag);
    this.#noteLeft(repository, entry.digest, atMs);
    this.events.add({ ...eventOfRemoval(name, tag, entry.digest, atMs, cause), kind: event }, { cause });
    const held = repository.manifests.get(entry.digest);
    if (withManifest && held !== undefined && this.#isUnnamed(repository, entry.digest)) {
      held.orphanedAtMs = 0;
      this.#collectOrphans(repository, 1, atMs);
    }
    return entry.kind;
  }

  async listTags(name: RepositoryName, page: Page): Promise<readonly Tag[]> {
    const { tags } = this.#open(name);
    return pageOf([...new Set([...tags.pushed.keys(), ...tags.cached.keys()])], page);
  }

  async findTags({ namespace, text, kind, order, after, limit }: TagQuery) {
    const all = [...this.repositories].flatMap(([repository, { tags }]) =>
      [...new Map([...tags.cached, ...tags.pushed]).values()].map((tag): LocatedTag => ({ repository, ...tag })),
    );
    const behind = (tag: LocatedTag) => after === null || comparePlaces(order, tag, after) > 0;
    const meant = all
      .filter(({ repository }) => namespace === null || repository.startsWith(`${namespace}/`))
      .filter(({ repository, tag }) => `${repository}:${tag}`.includes(text))
      .filter((tag) => (kind === null || tag.kind === kind) && behind(tag))
      .sort((a, b) => comparePlaces(order, a, b));
    const tags = meant.slice(0, limit);
    return { tags, next: tags.length < meant.length ? (tags.at(-1) ?? after) : null };
  }

  async touchTag(name: RepositoryName, tag: Tag, checkedAtMs: number): Promise<void> {
    const { cached } = this.#open(name).tags;
    const entry = cached.get(tag);
    if (entry === undefined) return;
    cached.set(tag, { ...entry, checkedAtMs });
    const held = this.#open(name).manifests.get(entry.digest);
    if (held !== undefined) held.usedAtMs = checkedAtMs;
  }

  async hasRepository(name: RepositoryName): Promise<boolean> {
    return this.#open(name).manifests.size > 0;
  }

  async listRepositories(namespace: Namespace | null, page: Page): Promise<readonly RepositoryName[]> {
    const names = [...this.repositories]
      .filter(([, repository]) => repository.manifests.size > 0)
      .map(([name]) => name);
    return pageOf(namespace === null ? names : names.filter((name) => name.startsWith(`${namespace}/`)), page);
  }

  async linkBlob(
    name: RepositoryName,
    digest: Digest,
    size: number,
    atMs: number,
    kind: TagKind = "pushed",
    cause?: EventCause,
  ) {
    this.#transitions.assertStays(digest);
    this.#sizes.set(digest, size);
    await this.#link(name, digest, atMs, kind);
    await this.rotten.heal(digest, atMs);
    if (cause === undefined) return;
    const blob = { repository: name, digest, contentBytes: size, atMs, cause };
    this.deliveries.note(() => blobHappening("blob-pushed", blob));
  }

  async linkBlobs(name: RepositoryName, blobs: ReadonlyMap<Digest, number>, atMs: number, kind?: TagKind) {
    for (const digest of blobs.keys()) this.#transitions.assertStays(digest);
    for (const [digest, size] of blobs) await this.linkBlob(name, digest, size, atMs, kind);
  }

  async #link(name: RepositoryName, digest: Digest, atMs: number, kind: TagKind): Promise<void> {
    const { links } = this.#open(name);
    const isHeld = kind === "cached" && (await this.isReferenced(name, digest));
    links.set(digest, { touchedAtMs: isHeld ? (links.get(digest)?.touchedAtMs ?? 0) : atMs });
  }

  async findLink(names: readonly RepositoryName[], digest: Digest): Promise<BlobLink | null> {
    for (const repository of names) {
      const link = this.#open(repository).links.get(digest);
      if (link !== undefined) return { repository, size: this.#sizes.get(digest) ?? 0, ...link };
    }
    return null;
  }

  async findManifests(names: readonly RepositoryName[], digests: readonly Digest[]) {
    const found = new Map<Digest, RepositoryName>();
    for (const digest of digests) {
      const name = names.find((one) => this.#open(one).manifests.has(digest));
      if (name !== undefined) found.set(digest, name);
    }
    return found;
  }

  async findLinks(names: readonly RepositoryName[], digests: readonly Digest[]) {
    const found = new Map<Digest, BlobLink>();
    for (const digest of digests) {
      const link = await this.findLink(names, digest);
      if (link !== null) found.set(digest, link);
    }
    return found;
  }

  async findLinkedAnywhere(digests: readonly Digest[]) {
    return this.#sizesOf(digests.filter((digest) => this.#isLinked(digest)));
  }

  async listHolders(digest: Digest, page: Page): Promise<readonly RepositoryName[]> {
    return pageOf(
      [...this.repositories].flatMap(([name, { links }]) => (links.has(digest) ? [name] : [])),
      page,
    );
  }

  #sizesOf(digests: readonly Digest[]): ReadonlyMap<Digest, number> {
    return new Map(digests.map((digest) => [digest, this.#sizes.get(digest) ?? 0]));
  }

  async touchLink(name: RepositoryName, digest: Digest, atMs: number): Promise<void> {
    const link = this.#open(name).links.get(digest);
    if (link !== undefined) link.touchedAtMs = atMs;
  }

  async mountBlob(
    to: RepositoryName,
    digest: Digest,
    from: RepositoryName | null,
    atMs: number,
    kind: TagKind = "pushed",
    cause?: EventCause,
  ) {
    const sources = from === null ? [...this.repositories.values()] : [this.#open(from)];
    if (!sources.some((repository) => repository.links.has(digest))) return null;
    await this.#link(to, digest, atMs, kind);
    const size = this.#sizes.get(digest) ?? 0;
    if (cause !== undefined) {
      const blob = { repository: to, digest, contentBytes: size, atMs, cause, lender: from };
      this.deliveries.note(() => blobHappening("blob-mounted", blob));
    }
    return size;
  }

  async isReferenced(name: RepositoryName, digest: Digest): Promise<boolean> {
    return [...this.#open(name).manifests.values()].some((held) => held.references.includes(digest));
  }

  async listNaming(name: RepositoryName, digest: Digest, page: Page): Promise<readonly StoredManifest[]> {
    return [...this.#open(name).manifests.values()]
      .filter(({ references, manifest }) => references.includes(digest) && manifest.digest > (page.after ?? ""))
      .map(({ manifest }) => manifest)
      .sort((a, b) => (a.digest < b.digest ? -1 : 1))
      .slice(0, page.limit);
  }

  async findNaming(names: readonly RepositoryName[], digest: Digest): Promise<RepositoryName | null> {
    for (const name of names) if (await this.isReferenced(name, digest)) return name;
    return null;
  }

  async isLinkedElsewhere(name: RepositoryName, digest: Digest): Promise<boolean> {
    return [...this.repositories].some(([other, { links }]) => other !== name && links.has(digest));
  }

  async unlinkBlob(
    name: RepositoryName,
    digest: Digest,
    by?: { readonly atMs: number; readonly cause: EventCause },
  ): Promise<boolean> {
    const isGone = this.#open(name).links.delete(digest);
    if (isGone && by !== undefined) {
      const blob = { repository: name, digest, contentBytes: null, ...by };
      this.deliveries.note(() => blobHappening("blob-removed", blob));
    }
    return isGone;
  }

  async findPushedTag(
    name: RepositoryName,
    digest: Digest,
    { isMeant = () => true, withReferrers = false }: Parameters<PushedStore["findPushedTag"]>[2] = {},
  ): Promise<Tag | null> {
    const { manifests, tags } = this.#open(name);
    const meant = [...tags.pushed.values()].filter(({ tag }) => isMeant(tag));
    for (const { tag, digest: root } of meant.sort((a, b) => compareBytes(a.tag, b.tag))) {
      if (ledTo(manifests, root, withReferrers).has(digest)) return tag;
    }
    return null;
  }

  async isPushed(name: RepositoryName, digest: Digest): Promise<boolean> {
    const { manifests } = this.#open(name);
    const roots = [...manifests].filter(([, { isPushed }]) => isPushed).map(([root]) => root);
    const isTagged = (await this.findPushedTag(name, digest, { withReferrers: true })) !== null;
    return isTagged || roots.some((root) => ledTo(manifests, root, true).has(digest));
  }

  async createSession(session: UploadSession): Promise<void> {
    this.#sessions.set(session.id, session);
  }

  async getSession(id: string): Promise<UploadSession | null> {
    return this.#sessions.get(id) ?? null;
  }

  async deleteSession(id: string): Promise<boolean> {
    return this.#sessions.delete(id);
  }

  async listSessions(beforeMs: number, page: Page): Promise<readonly string[]> {
    const old = [...this.#sessions.values()].filter(({ startedAtMs }) => startedAtMs < beforeMs);
    return pageOf(
      old.map(({ id }) => id),
      page,
    );
  }

  async collectLinks(beforeMs: number): Promise<{ manifests: number; links: number }> {
    let [manifests, links] = [0, 0];
    for (const repository of this.repositories.values()) {
      manifests += this.#collectOrphans(repository, beforeMs, beforeMs);
      const needed = new Set([...repository.manifests.values()].flatMap((held) => held.references));
      for (const [digest, link] of repository.links) {
        if (link.touchedAtMs >= beforeMs) continue;
        link.touchedAtMs = 0;
        if (!needed.has(digest) && repository.links.delete(digest)) links++;
      }
    }
    return { manifests, links };
  }

  async listUnlinkedBlobs(page: Page): Promise<readonly Digest[]> {
    return pageOf(
      [...this.#sizes.keys()].filter((digest) => !this.#isLinked(digest)),
      page,
    );
  }

  async findUnrecorded(digests: readonly Digest[]): Promise<readonly Digest[]> {
    return digests.filter((digest) => !this.#sizes.has(digest) && !this.#transitions.isArriving(digest));
  }

  arrive<T>(digest: Digest, work: () => Promise<T>): Promise<T> {
    return this.#transitions.arrive(digest, work);
  }

  hold(): Promise<BlobHold> {
    return this.#transitions.hold();
  }

  heldBack(): HeldBack {
    return this.#transitions.heldBack();
  }

  async takeAway(
    digests: readonly Digest[],
    departure: Departure,
    take: (going: readonly Digest[]) => Promise<readonly Digest[]>,
  ): Promise<readonly Digest[]> {
    const mayGo = (digest: Digest): boolean => {
      if (departure === "unlinked") return this.#sizes.has(digest) && !this.#isLinked(digest);
      return departure === "damaged" || !this.#sizes.has(digest);
    };
    const going = this.#transitions.begin(digests.filter(mayGo), departure);
    try {
      if (going.digests.length === 0) return [];
      const gone = await take(going.digests);
      if (departure === "unlinked") for (const digest of gone) this.#sizes.delete(digest);
      return gone;
    } finally {
      going.end();
    }
  }

  blobs(): readonly RecordedBlob[] {
    return [...this.#sizes].map(([digest, size]) => ({ digest, size }));
  }

  linking(digest: Digest): readonly RepositoryName[] {
    const names = [...this.repositories].filter(([, { links }]) => links.has(digest)).map(([name]) => name);
    return names.sort();
  }

  holders(digest: Digest): readonly BlobHolder[] {
    const found = [...this.repositories].flatMap(([repository, { manifests, tags }]) => {
      const needs = (held: Held): boolean =>
        held.references.some((one) => one === digest || (manifests.has(one) && needs(manifests.get(one) as Held)));
      const isListed = (manifest: Digest) => [...manifests.values()].some((held) => held.references.includes(manifest));
      return [...manifests].flatMap(([manifest, held]): BlobHolder[] => {
        if (!needs(held)) return [];
        const tagged = [...tags.cached.values(), ...tags.pushed.values()].filter((tag) => tag.digest === manifest);
        const holders = tagged.map(({ tag, kind }) => ({ repository, tag, manifest, kind }));
        return holders.length > 0 || isListed(manifest) ? holders : [{ repository, tag: null, manifest, kind: null }];
      });
    });
    const keyOf = ({ repository, tag }: BlobHolder) => `${tag === null ? 1 : 0} ${repository} ${tag}`;
    return found.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  }

  totals(): StoreTotals {
    const repositories = [...this.repositories.values()].filter(({ manifests }) => manifests.size > 0);
    const count = (kind: TagKind) => repositories.reduce((sum, { tags }) => sum + tags[kind].size, 0);
    return {
      blobs: this.#sizes.size,
      blobBytes: [...this.#sizes.values()].reduce((sum, size) => sum + size, 0),
      manifests: new Set(repositories.flatMap(({ manifests }) => [...manifests.keys()])).size,
      repositories: repositories.length,
      pushedTags: count("pushed"),
      cachedTags: count("cached"),
      uploads: this.#sessions.size,
    };
  }

  #isLinked(digest: Digest): boolean {
    return [...this.repositories.values()].some((repository) => repository.links.has(digest));
  }
}

function isAnythingAttached({ manifests, tags }: Repository, digest: Digest): boolean {
  const isTag = attachmentTagsOf(digest).some((tag) => tags.pushed.has(tag) || tags.cached.has(tag));
  return isTag || [...manifests.values()].some(({ subject }) => subject === digest);
}

function pageOf<Name extends string>(names: Name[], page: Page): Name[] {
  const after = page.after;
  const later = after === null ? names : names.filter((name) => compareBytes(name, after) > 0);
  return later.sort(compareBytes).slice(0, page.limit);
}

function comparePlaces({ by, descending }: TagOrder, a: TagPlace, b: TagPlace): number {
  const names = compareBytes(a.repository, b.repository) || compareBytes(a.tag, b.tag);
  const timeOf = (place: TagPlace) => (by === "pulled" ? (place.pulledAtMs ?? 0) : place.updatedAtMs);
  const places = by === "name" ? names : timeOf(a) - timeOf(b) || names;
  return descending ? -places : places;
}

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** What a manifest leads to, itself included. */
function ledTo(
  manifests: ReadonlyMap<Digest, { readonly references: readonly Digest[]; readonly subject: Digest | null }>,
  root: Digest,
  withReferrers: boolean,
): ReadonlySet<Digest> {
  const led = new Set([root]);
  for (const one of led) {
    for (const below of manifests.get(one)?.references ?? []) led.add(below);
    if (withReferrers) for (const [other, { subject }] of manifests) if (subject === one) led.add(other);
  }
  return led;
}

/** Those of the tags of a manifest that is taken over that nothing here stands against. */
function freeTags({ tags: here }: Repository, { manifest, tags, kind, takenOver }: ManifestPut): readonly Tag[] {
  if (takenOver?.replaces === true) return tags;
  const isFree = (tag: Tag): boolean => {
    const cached = here.cached.get(tag);
    return !here.pushed.has(tag) && (cached === undefined || (kind === "pushed" && cached.digest === manifest.digest));
  };
  return tags.filter(isFree);
}
