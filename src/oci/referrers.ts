import { mapBounded } from "../lib/async/map-bounded.ts";
import { attachmentTagsOf } from "./attachment-tag.ts";
import type { Digest } from "./digest.ts";
import { RegistryError } from "./registry-error.ts";
import type { Tag } from "./tag.ts";

/**
 * What refers to an image: a signature, an SBOM. `tag` is set when it is known by a tag of its own alone, as cosign's
 * `sha256-<hex>.sig`; otherwise its manifest's `subject`, or the index under the referrers tag, says what it refers to.
 */
export type Referrer = { readonly digest: Digest; readonly tag: Tag | null };

/** A repository that is asked what refers to a manifest of its own. Absence is null or empty; failure throws. */
export interface ReferrerPlace {
  /** What the referrers API lists. */
  listed(subject: Digest): Promise<readonly Digest[]>;
  /** The manifest under a tag: its digest, and what it lists, when it is an index. */
  tagged(tag: Tag): Promise<{ readonly digest: Digest; readonly lists: readonly Digest[] } | null>;
}

/**
 * What refers to a manifest, by every way in which that is known: the referrers API, the referrers tag, and the tags of
 * cosign. All of them are asked at once, each with one question.
 *
 * Source: distribution-spec v1.1.1, "Referrers Tag Schema"; cosign 2.6, SIGNATURE_SPEC.md.
 */
export async function findReferrers(subject: Digest, place: ReferrerPlace): Promise<readonly Referrer[]> {
  const [base, ...tags] = attachmentTagsOf(subject);
  const [listed, index, ...attached] = await Promise.all([
    place.listed(subject),
    place.tagged(base),
    ...tags.map((tag) => place.tagged(tag)),
  ]);
  const plain = new Set([...listed, ...(index?.lists ?? [])]);
  const found: Referrer[] = Array.from(plain, (digest) => ({ digest, tag: null }));
  for (const [position, tag] of tags.entries()) {
    const one = attached[position] ?? null;
    if (one !== null) found.push({ digest: one.digest, tag });
  }
  return found;
}

/** How referrers are found and taken in. `T` is what becomes of one. */
export type ReferrerWalk<T> = {
  readonly find: (subject: Digest) => Promise<readonly Referrer[]>;
  /** `manifests` are those that it consists of, which may be referred to in turn: the signature of an SBOM. */
  readonly enter: (referrer: Referrer) => Promise<{ readonly value: T; readonly manifests: readonly Digest[] }>;
  /** Subjects that are asked for, and referrers that are taken in, at once. */
  readonly jobs: number;
};

/** No image has more. */
const REFERRERS_LIMIT = 5000;

/**
 * Takes in everything that refers to one of `subjects`, and what refers to that in turn, each once, level by level. Throws
 * MANIFEST_INVALID when there is more of it than any image has.
 */
export async function walkReferrers<T>(subjects: readonly Digest[], walk: ReferrerWalk<T>): Promise<readonly T[]> {
  const asked = new Set<Digest>();
  const seen = new Set<string>();
  const taken: T[] = [];
  for (let level = subjects; level.length > 0; ) {
    for (const digest of level) asked.add(digest);
    const found = (await mapBounded(level, walk.jobs, walk.find)).flat();
    const fresh: Referrer[] = [];
    for (const referrer of found) {
      const key = `${referrer.digest} ${referrer.tag}`;
      if (!seen.has(key)) fresh.push(referrer);
      seen.add(key);
    }
    if (seen.size > REFERRERS_LIMIT) {
      throw new RegistryError("MANIFEST_INVALID", `more than ${REFERRERS_LIMIT} manifests refer to one image`);
    }
    const entered = await mapBounded(fresh, walk.jobs, walk.enter);
    taken.push(...entered.map(({ value }) => value));
    const next = new Set(entered.filter((_, at) => mayBeReferredTo(fresh[at])).flatMap(({ manifests }) => manifests));
    level = [...next].filter((digest) => !asked.has(digest));
  }
  return taken;
}

/** Nobody signs cosign's signatures and attestations; its SBOMs are signed. */
function mayBeReferredTo(referrer: Referrer | undefined): boolean {
  return !(referrer?.tag?.endsWith(".sig") === true || referrer?.tag?.endsWith(".att") === true);
}
