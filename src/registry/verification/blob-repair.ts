import { describeFailure } from "../../lib/failures/describe-failure.ts";
import type { Digest } from "../../oci/digest.ts";
import { nameOf, repositoryOf } from "../../oci/repository.ts";
import type { AsideStore } from "../../storage/aside.ts";
import type { BlobHolder, RottenBlobStore } from "../../storage/verification.ts";
import type { UpstreamOutlook } from "../pull/not-found.ts";
import type { BlobOrigin } from "../pull/origin.ts";

/** What a repair reads and asks. */
export type BlobRepairParts = {
  readonly rotten: RottenBlobStore;
  readonly aside: AsideStore;
  readonly origin: BlobOrigin;
  readonly outlook: UpstreamOutlook;
};

/** Who needs a blob: images, the first of them, and whether somebody pushed it, so that no registry may have it again. */
export type BlobNeed = { readonly holders: readonly BlobHolder[]; readonly isPushed: boolean };

/** The outcome of a repair. `why` says why the right bytes are not here; null: they are. */
export type Repair = { readonly why: string | null };

/** So many images are named of those that need a blob. */
const HOLDERS_NAMED = 100;
/** So many registries' repositories are asked for a blob. */
const ASKED = 10;

/** Brings the right bytes of a rotten blob here again, from where they came. */
export class BlobRepair {
  readonly #parts: BlobRepairParts;

  constructor(parts: BlobRepairParts) {
    this.#parts = parts;
  }

  /** Who needs the blob. What no tag tells of counts as pushed where its registry is not one that larder fetches from. */
  async needOf(digest: Digest): Promise<BlobNeed> {
    const { rotten, outlook } = this.#parts;
    const holders = await rotten.findHolders(digest, HOLDERS_NAMED);
    const linking = await rotten.findLinking(digest, HOLDERS_NAMED);
    const hasNoUpstream = linking.some((name) => !outlook.knows(repositoryOf(name).namespace));
    return { holders, isPushed: hasNoUpstream || holders.some(({ kind }) => kind === "pushed") };
  }

  /**
   * Fetches the blob again, from the registries of those repositories that have it, and links it there, by which it is healed. What was set aside
   * is deleted then. It changes nothing when nobody has the blob.
   */
  async repair(digest: Digest): Promise<Repair> {
    const { rotten, aside, origin, outlook } = this.#parts;
    const linking = await rotten.findLinking(digest, HOLDERS_NAMED);
    const repositories = linking.map(repositoryOf).filter(({ namespace }) => outlook.knows(namespace));
    if (repositories.length === 0) return { why: "no registry that larder fetches from has it: push it again" };
    if (outlook.offline) return { why: "larder is offline; it is fetched by a pull once larder is online" };
    let why = "";
    for (const repository of repositories.slice(0, ASKED)) {
      const name = nameOf(repository);
      try {
        const download = await origin.download(repository, digest, { via: null });
        if (download === null) {
          why = `${repository.namespace} does not have it: push it again`;
          continue;
        }
        await download.done;
        await aside.giveUp(digest, "damaged");
        return { why: null };
      } catch (error) {
        why = `${name}: ${describeFailure(error)}`;
      }
    }
    return { why };
  }
}

/** An image as people name it: by its tag, else by its digest. */
export function formatHolder({ repository, tag, manifest }: BlobHolder): string {
  return tag === null ? `${repository}@${manifest}` : `${repository}:${tag}`;
}
