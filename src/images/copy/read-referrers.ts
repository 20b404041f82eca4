import type { Work } from "../../lib/async/turns.ts";
import type { Digest } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { ImageSource, Referrer } from "../image-source.ts";
import { type ManifestTree, readManifest, readManifestTree } from "./manifest-tree.ts";
import { mapBounded } from "../../lib/async/map-bounded.ts";

/** What refers to an image, whole; `tag` as in `Referrer`. */
export type AttachedTree = { readonly tree: ManifestTree; readonly tag: string | null };

const COUNT_LIMIT = 5000;

/**
 * Everything that refers to one of the manifests of `tree`, and what refers to that in turn (the signature of an SBOM).
 * Throws MANIFEST_INVALID when there is more of it than any image has.
 */
export async function readReferrers(
  source: ImageSource,
  tree: ManifestTree,
  jobs: number,
  work: Work,
): Promise<readonly AttachedTree[]> {
  const found = new Map<string, AttachedTree>();
  const asked = new Set<Digest>();
  let subjects: readonly Digest[] = tree.manifests.map(({ digest }) => digest);
  while (subjects.length > 0) {
    for (const digest of subjects) asked.add(digest);
    const referrers = (await mapBounded(subjects, jobs, (digest) => source.referrers(digest))).flat();
    const fresh = new Map<string, Referrer>();
    for (const referrer of referrers) {
      const key = `${referrer.digest} ${referrer.tag}`;
      if (!found.has(key)) fresh.set(key, referrer);
    }
    if (found.size + fresh.size > COUNT_LIMIT) {
      throw new RegistryError(
        "MANIFEST_INVALID",
        `more than ${COUNT_LIMIT} manifests refer to an image of ${source.location}`,
      );
    }
    const trees = await mapBounded([...fresh], jobs, async ([key, { digest, tag }]) => {
      const root = await readManifest(source, digest);
      return [key, { tree: await readManifestTree(source, root, jobs, work), tag }] as const;
    });
    for (const [key, attached] of trees) found.set(key, attached);
    subjects = [...fresh.values()].map(({ digest }) => digest).filter((digest) => !asked.has(digest));
  }
  return [...found.values()];
}
