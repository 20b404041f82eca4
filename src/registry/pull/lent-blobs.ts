import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import { repositoryOf } from "../../oci/repository.ts";
import type { HoldingStore } from "../../storage/metadata.ts";
import type { MayPull } from "../names/search-order.ts";

/** Repositories that are looked at in one question, and for one blob. */
const [PAGE, MOST] = [200, 2000];

/**
 * The sizes of the blobs that some repository has which whoever asks may pull from: it lends them to others. What nobody lends
 * is left out.
 */
export async function findLent(
  holdings: Pick<HoldingStore, "findLinkedAnywhere" | "listHolders">,
  digests: readonly Digest[],
  mayPull: MayPull,
): Promise<ReadonlyMap<Digest, number>> {
  const linked = await holdings.findLinkedAnywhere(digests);
  if (mayPull === undefined) return linked;
  const lent = new Map<Digest, number>();
  for (const [digest, size] of linked)
    if ((await findLender(holdings, digest, mayPull)) !== null) lent.set(digest, size);
  return lent;
}

/** The first repository that has a blob and that whoever asks may pull from; null when there is none, among thousands. */
export async function findLender(
  holdings: Pick<HoldingStore, "listHolders">,
  digest: Digest,
  mayPull: MayPull,
): Promise<RepositoryName | null> {
  let after: RepositoryName | null = null;
  for (let looked = 0; looked < MOST; looked += PAGE) {
    const holders: readonly RepositoryName[] = await holdings.listHolders(digest, { after, limit: PAGE });
    for (const holder of holders) if (mayPull === undefined || (await mayPull(repositoryOf(holder)))) return holder;
    after = holders.at(-1) ?? null;
    if (holders.length < PAGE) break;
  }
  return null;
}
