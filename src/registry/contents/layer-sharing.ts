import type { Work } from "../../lib/async/turns.ts";
import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import { repositoryOf } from "../../oci/repository.ts";
import type { BlobSharer, SharingStore } from "../../storage/sharing.ts";
import type { MayPull } from "../names/search-order.ts";

/** Other images that have a layer. `images` are the first of them, by name. */
export type SharedLayer = {
  readonly digest: Digest;
  readonly imageCount: number;
  /** Are there more that were not counted? */
  readonly isMore: boolean;
  readonly images: readonly string[];
};

/** An image's own place. */
type Own = { readonly repository: RepositoryName; readonly digest: Digest };

/** So many images are counted for a layer, and so many named. */
const COUNTED = 500;
const NAMED = 8;
/** Rows that one question asks for: they take some milliseconds. */
const ROWS_AT_ONCE = 1000;
/** Rows for one image's layers together. */
const ROWS = 20_000;
/** Names that are looked up in one question. */
const NAMES_AT_ONCE = 200;

/**
 * Tells of layers which other images have them, as far as whoever asks may pull those. What is asked of the store is asked in
 * sets, and does not grow with how many images there are.
 */
export async function findSharedLayers(
  store: SharingStore,
  own: Own,
  layers: readonly Digest[],
  mayPull: MayPull,
  work: Work,
): Promise<readonly SharedLayer[]> {
  const each = Math.max(NAMED + 2, Math.min(COUNTED + 1, Math.floor(ROWS / Math.max(1, layers.length))));
  const sees = memoized(mayPull);
  const found: { digest: Digest; others: BlobSharer[]; isMore: boolean }[] = [];
  const set = Math.max(1, Math.floor(ROWS_AT_ONCE / each));
  for (let at = 0; at < layers.length; at += set) {
    const some = layers.slice(at, at + set);
    const sharers = await store.findSharers(some, each);
    for (const digest of some) {
      const rows = sharers.get(digest) ?? [];
      const others: BlobSharer[] = [];
      let hidden = 0;
      for (const row of rows) {
        const isOwn = row.repository === own.repository && row.manifest === own.digest;
        if (!isOwn) {
          if (await sees(row.repository)) others.push(row);
          else hidden++;
        }
        if (work.isTurnOver) await work.rest();
      }
      // That there are more may be told to those alone who saw all of these.
      found.push({ digest, others, isMore: rows.length >= each && hidden === 0 });
    }
    await work.nextTurn();
  }
  const names = await nameAll(
    store,
    found.flatMap(({ others }) => others.slice(0, NAMED)),
    work,
  );
  return found.map(({ digest, others, isMore }) => {
    const images = new Set(others.slice(0, NAMED).map((one) => names.get(keyOf(one)) ?? keyOf(one)));
    return { digest, imageCount: others.length, isMore, images: [...images].sort() };
  });
}

async function nameAll(
  store: SharingStore,
  sharers: readonly BlobSharer[],
  work: Work,
): Promise<ReadonlyMap<string, string>> {
  const wanted = [...new Map(sharers.map((one) => [keyOf(one), one])).values()];
  const names = new Map<string, string>();
  for (let at = 0; at < wanted.length; at += NAMES_AT_ONCE) {
    for (const { repository, manifest, tag } of await store.nameSharers(wanted.slice(at, at + NAMES_AT_ONCE))) {
      names.set(keyOf({ repository, manifest }), tag === null ? `${repository}@${manifest}` : `${repository}:${tag}`);
    }
    await work.rest();
  }
  return names;
}

function keyOf({ repository, manifest }: BlobSharer): string {
  return `${repository}@${manifest}`;
}

function memoized(mayPull: MayPull): (name: RepositoryName) => boolean | Promise<boolean> {
  if (mayPull === undefined) return () => true;
  const known = new Map<RepositoryName, boolean>();
  return async (name) => {
    const seen = known.get(name) ?? (await mayPull(repositoryOf(name)));
    known.set(name, seen);
    return seen;
  };
}
