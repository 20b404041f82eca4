import { attachmentTagsOf, parseAttachmentTag } from "../../oci/attachment-tag.ts";
import type { Digest } from "../../oci/digest.ts";
import { isIndexType } from "../../oci/media-type.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { Tag } from "../../oci/tag.ts";
import { eventsOfEviction, type NewEvent } from "../events.ts";
import type { StoredManifest, StoredTag, TagKind } from "../metadata.ts";
import type { Page } from "../page.ts";
import type { ImageSpace, KindTotals, RepositorySpace, SpaceStore, UsePlace } from "../space.ts";

type Held = {
  readonly manifest: StoredManifest;
  readonly isPushed: boolean;
  readonly usedAtMs: number;
  readonly pulledAtMs: number | null;
  readonly references: readonly Digest[];
  readonly subject: Digest | null;
};
type Repository = {
  readonly manifests: ReadonlyMap<Digest, Held>;
  readonly tags: Record<TagKind, ReadonlyMap<Tag, StoredTag>>;
  readonly links: ReadonlyMap<Digest, { readonly touchedAtMs: number }>;
};

/** What it works on. */
type Images = {
  readonly repositories: ReadonlyMap<RepositoryName, Repository>;
  readonly events: { add(event: NewEvent): void };
  sizeOf(blob: Digest): number;
  /** Takes out a cached manifest with what only it held and what is attached to it, save what was pushed. */
  removeEvicted(name: RepositoryName, digest: Digest): void;
};

/** Space in memory: the contract in its plainest form. */
export class MemorySpace implements SpaceStore {
  readonly #images: Images;

  constructor(images: Images) {
    this.#images = images;
  }

  async listByUse(after: UsePlace | null, limit: number): Promise<readonly UsePlace[]> {
    const all = [...this.#images.repositories].flatMap(([repository, { manifests }]) =>
      [...manifests]
        .filter(([, { isPushed }]) => !isPushed)
        .map(([digest, { usedAtMs }]) => ({ repository, digest, usedAtMs })),
    );
    const behind = (place: UsePlace) => after === null || compare(place, after) > 0;
    return all.filter(behind).sort(compare).slice(0, limit);
  }

  async measure(name: RepositoryName, digest: Digest, beforeMs: number): Promise<ImageSpace | null> {
    const repository = this.#images.repositories.get(name);
    const root = repository?.manifests.get(digest);
    if (repository === undefined || root === undefined || !isByItself(repository, digest, root)) return null;
    const parts = partsOf(repository, digest);
    const going = new Set(
      parts.filter((part) => {
        const held = repository.manifests.get(part);
        const stays = ownTags(repository, part).length > 0 || isNamed(repository, part, new Set(parts));
        return part === digest || ((root.isPushed || held?.isPushed !== true) && !stays);
      }),
    );
    const linked = (list: Iterable<Digest>) =>
      new Set(
        [...list]
          .flatMap((part) => repository.manifests.get(part)?.references ?? [])
          .filter((blob) => repository.links.has(blob)),
      );
    const blobs = linked(parts);
    const isOwn = (blob: Digest) =>
      (repository.links.get(blob)?.touchedAtMs ?? 0) < beforeMs &&
      !isNamed(repository, blob, going) &&
      ![...this.#images.repositories].some(([other, one]) => other !== name && isHeldIn(one, blob, beforeMs));
    const sum = (list: Iterable<Digest>) => [...list].reduce((bytes, blob) => bytes + this.#images.sizeOf(blob), 0);
    const manifestBytes = parts.reduce(
      (bytes, part) => bytes + (repository.manifests.get(part)?.manifest.bytes.byteLength ?? 0),
      0,
    );
    return {
      repository: name,
      digest,
      usedAtMs: root.usedAtMs,
      pulledAtMs: root.pulledAtMs,
      isPushed: root.isPushed,
      tags: ownTags(repository, digest),
      parts,
      blobs,
      sizeBytes: sum(blobs) + manifestBytes,
      ownBytes: sum([...linked(going)].filter(isOwn)),
    };
  }

  async evict({ repository: name, digest, usedAtMs, tags, ownBytes }: ImageSpace, atMs: number): Promise<boolean> {
    const repository = this.#images.repositories.get(name);
    const root = repository?.manifests.get(digest);
    if (repository === undefined || root === undefined || root.isPushed || root.usedAtMs !== usedAtMs) return false;
    const isTaggedAnew = ownTags(repository, digest).some((tag) => !tags.includes(tag));
    if (isTaggedAnew || isNamed(repository, digest, new Set())) return false;
    this.#images.removeEvicted(name, digest);
    for (const event of eventsOfEviction(name, tags, digest, ownBytes, atMs)) this.#images.events.add(event);
    return true;
  }

  async listRepositorySpace({ after, limit }: Page): Promise<readonly RepositorySpace[]> {
    return [...this.#images.repositories]
      .filter(([name, { links }]) => links.size > 0 && (after === null || name > after))
      .map(([repository, { links }]) => ({
        repository,
        blobs: links.size,
        bytes: [...links.keys()].reduce((bytes, blob) => bytes + this.#images.sizeOf(blob), 0),
      }))
      .sort((a, b) => (a.repository < b.repository ? -1 : 1))
      .slice(0, limit);
  }

  async sumKinds(): Promise<KindTotals & { readonly next: Digest | null }> {
    const sums = { pushedBytes: 0, cachedBytes: 0, unheldBytes: 0 };
    const all = [...this.#images.repositories.values()];
    const naming = (blob: Digest) =>
      all.flatMap(({ manifests }) => [...manifests.values()].filter(({ references }) => references.includes(blob)));
    for (const blob of new Set(all.flatMap(({ links }) => [...links.keys()]))) {
      const holders = naming(blob);
      const kind =
        holders.length === 0 ? "unheldBytes" : holders.some(({ isPushed }) => isPushed) ? "pushedBytes" : "cachedBytes";
      sums[kind] += this.#images.sizeOf(blob);
    }
    return { ...sums, next: null };
  }

  async listManifests(name: RepositoryName, { after, limit }: Page): Promise<readonly Digest[]> {
    const held = [...(this.#images.repositories.get(name)?.manifests.keys() ?? [])];
    return held
      .filter((digest) => after === null || digest > after)
      .sort()
      .slice(0, limit);
  }
}

function compare(a: UsePlace, b: UsePlace): number {
  if (a.usedAtMs !== b.usedAtMs) return a.usedAtMs - b.usedAtMs;
  const [nameA, nameB] = [`${a.repository} ${a.digest}`, `${b.repository} ${b.digest}`];
  return nameA < nameB ? -1 : nameA > nameB ? 1 : 0;
}

function tagsOf({ tags }: Repository, digest: Digest): readonly Tag[] {
  const all = Object.values(tags).flatMap((kind) => [...kind.values()]);
  return [...new Set(all.filter((entry) => entry.digest === digest).map(({ tag }) => tag))].sort();
}

/** Its tags, save those that attach it to a manifest that is here. */
function ownTags(repository: Repository, digest: Digest): readonly Tag[] {
  return tagsOf(repository, digest).filter((tag) => {
    const subject = parseAttachmentTag(tag)?.subject ?? null;
    return subject === null || !repository.manifests.has(subject);
  });
}

function isByItself(repository: Repository, digest: Digest, { subject }: Held): boolean {
  if (isNamed(repository, digest, new Set())) return false;
  const tags = tagsOf(repository, digest);
  if (ownTags(repository, digest).length > 0) return true;
  return tags.length === 0 && (subject === null || !repository.manifests.has(subject));
}

function isNamed({ manifests }: Repository, digest: Digest, except: ReadonlySet<Digest>): boolean {
  return [...manifests].some(([naming, { references }]) => !except.has(naming) && references.includes(digest));
}

function isHeldIn(repository: Repository, blob: Digest, beforeMs: number): boolean {
  const link = repository.links.get(blob);
  return link !== undefined && (link.touchedAtMs >= beforeMs || isNamed(repository, blob, new Set()));
}

function partsOf(repository: Repository, root: Digest): readonly Digest[] {
  const { manifests, tags } = repository;
  const parts = new Set([root]);
  for (const part of parts) {
    const held = manifests.get(part);
    if (held !== undefined && isIndexType(held.manifest.mediaType)) {
      for (const listed of held.references) if (manifests.has(listed)) parts.add(listed);
    }
    for (const [digest, { subject }] of manifests) if (subject === part) parts.add(digest);
    for (const tag of attachmentTagsOf(part)) {
      for (const kind of Object.values(tags)) {
        const entry = kind.get(tag);
        if (entry !== undefined) parts.add(entry.digest);
      }
    }
  }
  return [...parts];
}
