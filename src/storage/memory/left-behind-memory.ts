import type { Digest } from "../../oci/digest.ts";
import { isIndexType } from "../../oci/media-type.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import { eventOfRemoval, type NewEvent, NO_CAUSE } from "../events.ts";
import type { LeftBehindAges, LeftBehindStore, UntaggedManifest, UntaggedQuery } from "../left-behind.ts";
import type { StoredManifest, StoredTag, TagKind } from "../metadata.ts";

type Held = {
  readonly manifest: StoredManifest;
  readonly isPushed: boolean;
  usedAtMs: number;
  readonly pulledAtMs: number | null;
  readonly references: readonly Digest[];
  readonly subject: Digest | null;
};
type Repository = {
  readonly manifests: Map<Digest, Held>;
  readonly tags: Record<TagKind, ReadonlyMap<string, StoredTag>>;
  /** When these were left behind; those of manifests that are not here are deleted subjects. */
  readonly left: Map<Digest, number>;
};

/** What it works on. */
type Images = {
  readonly repositories: ReadonlyMap<RepositoryName, Repository>;
  /** Takes out a manifest with what only it held and what is attached to it. How many went. */
  removeImage(name: RepositoryName, digest: Digest, nowMs: number): number;
  /** Takes out what is attached to a manifest that is not here. How many went. */
  removeAttached(name: RepositoryName, subject: Digest, nowMs: number): number;
  readonly events: { add(event: NewEvent): void };
};

/** Manifests without a tag in memory. */
export class MemoryLeftBehind implements LeftBehindStore {
  readonly #images: Images;

  constructor(images: Images) {
    this.#images = images;
  }

  async removeLeftBehind(
    ages: LeftBehindAges,
    nowMs: number,
    isKept: (repository: RepositoryName, digest: Digest) => boolean,
  ) {
    let manifests = 0;
    for (const [name, repository] of this.#images.repositories) {
      for (const [digest, sinceMs] of repository.left) {
        repository.left.set(digest, Math.min(sinceMs, nowMs));
        manifests += this.#take(name, repository, digest, { ages, nowMs, isKept });
      }
    }
    return { manifests };
  }

  #take(
    name: RepositoryName,
    repository: Repository,
    digest: Digest,
    limits: { ages: LeftBehindAges; nowMs: number; isKept: (repository: RepositoryName, digest: Digest) => boolean },
  ): number {
    const { ages, nowMs, isKept } = limits;
    const sinceMs = repository.left.get(digest);
    if (sinceMs === undefined) return 0;
    const isDue = (isPushed: boolean, usedAtMs: number) => {
      const ageMs = ages[isPushed ? "pushed" : "cached"];
      return ageMs !== null && Math.max(sinceMs, usedAtMs) + ageMs <= nowMs;
    };
    const held = repository.manifests.get(digest);
    if (held === undefined) {
      const attached = [...repository.manifests.values()].filter(({ subject }) => subject === digest);
      const isPushed = attached.length === 0 || attached.some((one) => one.isPushed);
      if (!isDue(isPushed, Math.max(0, ...attached.map(({ usedAtMs }) => usedAtMs)))) return 0;
      repository.left.delete(digest);
      return this.#images.removeAttached(name, digest, nowMs);
    }
    held.usedAtMs = Math.min(held.usedAtMs, nowMs);
    if (!isDue(held.isPushed, held.usedAtMs) || holderOf(repository, digest) !== null) return 0;
    if ([digest, ...partsOf(repository, digest)].some((one) => isKept(name, one))) return 0;
    const count = this.#images.removeImage(name, digest, nowMs);
    this.#images.events.add({ ...eventOfRemoval(name, null, digest, nowMs, NO_CAUSE), kind: "expired" });
    return count;
  }

  async listUntagged({ namespace, text, after, limit }: UntaggedQuery) {
    const all: UntaggedManifest[] = [];
    for (const [repository, { manifests, tags, left }] of this.#images.repositories) {
      for (const [digest, { manifest, isPushed, usedAtMs, pulledAtMs }] of manifests) {
        if (isTagged(tags, digest)) continue;
        const [leftBehindAtMs, holder] = [left.get(digest) ?? null, holderOf({ manifests }, digest)];
        if (leftBehindAtMs === null && holder !== null) continue;
        const { mediaType } = manifest;
        const kind = isPushed ? "pushed" : "cached";
        const own = { repository, digest, mediaType, kind, leftBehindAtMs, pulledAtMs, holder } as const;
        all.push({ ...own, usedAtMs: Math.max(leftBehindAtMs ?? 0, usedAtMs) });
      }
    }
    const isMeant = ({ repository, digest }: UntaggedManifest) =>
      (namespace === null || repository.startsWith(`${namespace}/`)) && `${repository}@${digest}`.includes(text);
    const key = (place: { repository: string; digest: string }) => `${place.repository}\0${place.digest}`;
    const later = all
      .filter((one) => isMeant(one) && (after === null || key(one) > key(after)))
      .sort((a, b) => (key(a) < key(b) ? -1 : 1));
    const manifests = later.slice(0, limit);
    return { manifests, next: manifests.length < later.length ? (manifests.at(-1) ?? after) : null };
  }

  async listParts(name: RepositoryName, digest: Digest): Promise<readonly Digest[]> {
    const repository = this.#images.repositories.get(name);
    return repository === undefined ? [] : partsOf(repository, digest);
  }

  async findIndexOf(name: RepositoryName, digest: Digest) {
    const repository = this.#images.repositories.get(name);
    const holder = repository === undefined ? null : holderOf(repository, digest);
    if (repository === undefined || holder?.kind !== "index") return null;
    const tags = Object.values(repository.tags).flatMap((kind) => [...kind.values()]);
    const names = tags.filter((tag) => tag.digest === holder.digest).map(({ tag }) => tag);
    return { digest: holder.digest, tag: names.sort()[0] ?? null };
  }
}

/** Does a repository's tag lead to the manifest? */
export function isTagged(tags: Repository["tags"], digest: Digest): boolean {
  return Object.values(tags).some((kind) => [...kind.values()].some((tag) => tag.digest === digest));
}

function holderOf({ manifests }: Pick<Repository, "manifests">, digest: Digest): UntaggedManifest["holder"] {
  const indexes = [...manifests].filter(([, held]) => held.references.includes(digest)).map(([index]) => index);
  const index = indexes.sort()[0];
  if (index !== undefined) return { kind: "index", digest: index };
  const subject = manifests.get(digest)?.subject ?? null;
  return subject !== null && manifests.has(subject) ? { kind: "subject", digest: subject } : null;
}

function partsOf({ manifests }: Repository, digest: Digest): readonly Digest[] {
  const parts = new Set<Digest>();
  const open = [digest];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const held = manifests.get(next);
    if (held === undefined || !isIndexType(held.manifest.mediaType)) continue;
    for (const part of held.references) {
      if (!manifests.has(part) || parts.has(part)) continue;
      parts.add(part);
      open.push(part);
    }
  }
  return [...parts];
}
