import type { Turns } from "../../lib/async/turns.ts";
import { parseAttachmentTag } from "../../oci/attachment-tag.ts";
import type { ImagePattern } from "../../oci/image-pattern.ts";
import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import {
  type HoldingStore,
  type LocatedTag,
  MANIFESTS_AT_ONCE,
  type ManifestStore,
  type MetadataStore,
  type StoredManifest,
  type TagIndex,
  type TagPlace,
  type TagQuery,
} from "../../storage/metadata.ts";

/** A tag and the manifest that it points at. */
export type InventoryEntry = { readonly tag: LocatedTag; readonly manifest: StoredManifest };

/** Which tags a list is of, in which order, and after which place. */
export type InventoryQuery = Omit<TagQuery, "limit"> & {
  /** Those that match it; left out or null: all. */
  readonly pattern?: ImagePattern | null;
};

/** A place in the order of a list. */
export type InventoryPlace = TagPlace;

/** The stores that the list is made of. */
export type InventoryStores = Pick<MetadataStore, "manifests" | "holdings" | "tagIndex">;

const PAGE = 200;
/** What the tags of attachments have in common. */
const ATTACHED = "sha256-";

/** Lists the images that are here. */
export class Inventory {
  readonly #manifests: ManifestStore;
  readonly #holdings: HoldingStore;
  readonly #index: TagIndex;
  readonly #turns: Turns;

  constructor({ manifests, holdings, tagIndex }: InventoryStores, turns: Turns) {
    this.#manifests = manifests;
    this.#holdings = holdings;
    this.#index = tagIndex;
    this.#turns = turns;
  }

  /**
   * The tags that match, in their order, without covered cached ones. A signature's tag is no image of its own: it is left
   * out while what it belongs to is here, unless the text that is looked for is a part of such tags. It ends when the signal
   * is aborted.
   */
  async *list(query: InventoryQuery, signal: AbortSignal): AsyncIterable<InventoryEntry> {
    const work = this.#turns.begin(signal);
    const { pattern = null } = query;
    const isAsked = query.text.includes(ATTACHED) || pattern?.tag?.text.startsWith(ATTACHED) === true;
    // A name without stars is looked for as a text, which leaves less to look at.
    const name = pattern === null || pattern.name.text.includes("*") ? "" : pattern.name.text;
    const text = query.text === "" ? name : query.text;
    for (let after = query.after; ; ) {
      const { tags: some, next } = await this.#index.findTags({ ...query, text, after, limit: PAGE });
      const found = pattern === null ? some : some.filter((tag) => isMeant(pattern, tag));
      const tags = isAsked ? found : await this.#withoutAttached(found);
      for (let at = 0; at < tags.length; at += MANIFESTS_AT_ONCE)
        yield* this.#entriesOf(tags.slice(at, at + MANIFESTS_AT_ONCE));
      if (next === null) return;
      after = next;
      await work.rest();
    }
  }

  async #withoutAttached(tags: readonly LocatedTag[]): Promise<readonly LocatedTag[]> {
    const subjects = new Map<RepositoryName, Set<Digest>>();
    const subjectOf = ({ tag }: LocatedTag) =>
      tag.startsWith("sha") ? (parseAttachmentTag(tag)?.subject ?? null) : null;
    for (const tag of tags) {
      const subject = subjectOf(tag);
      if (subject === null) continue;
      subjects.set(tag.repository, (subjects.get(tag.repository) ?? new Set()).add(subject));
    }
    if (subjects.size === 0) return tags;
    const here = new Set<string>();
    for (const [repository, digests] of subjects) {
      const held = await this.#holdings.findManifests([repository], [...digests]);
      for (const digest of held.keys()) here.add(`${repository}@${digest}`);
    }
    return tags.filter((tag) => !here.has(`${tag.repository}@${subjectOf(tag)}`));
  }

  async *#entriesOf(tags: readonly LocatedTag[]): AsyncIterable<InventoryEntry> {
    const repositories = [...new Set(tags.map(({ repository }) => repository))];
    const found = await this.#manifests.getManifests(
      repositories,
      tags.map(({ digest }) => digest),
    );
    for (const tag of tags) {
      // Whoever of them holds it, it is the same; gone since the tags were listed, it is none.
      const manifest = found.get(tag.digest)?.manifest;
      if (manifest !== undefined) yield { tag, manifest };
    }
  }
}

function isMeant({ name, tag }: ImagePattern, located: LocatedTag): boolean {
  return name.matches(located.repository) && (tag === null || tag.matches(located.tag));
}
