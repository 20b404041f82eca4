import type { AdminClient } from "../admin/admin-client.ts";
import { type ListedImage, PAGE_LIMIT } from "../admin/image-schemas.ts";
import { mapBounded } from "../lib/async/map-bounded.ts";
import { RegistryError } from "../oci/registry-error.ts";

/** What became of an image that a pattern matches. `reason` says why it was not removed; null: it was. */
export type MatchRemoval = {
  readonly image: string;
  readonly status: "removed" | "absent" | "failed";
  readonly reason: string | null;
  readonly warning: string | null;
};

/** Removals that are asked for at once. */
const AT_ONCE = 4;

/** All images that a pattern matches, by their names. Throws NAME_INVALID. */
export async function findMatching(larder: AdminClient, pattern: string): Promise<readonly ListedImage[]> {
  const found: ListedImage[] = [];
  for (let after: string | undefined; ; ) {
    const page = await larder.call("listImages", { pattern, limit: PAGE_LIMIT, after });
    found.push(...page.images);
    if (page.next === null) return found;
    after = page.next;
  }
}

/** Removes just these: a tag that leads elsewhere by now stays. One that cannot be removed keeps no other from it. */
export function removeMatching(
  larder: AdminClient,
  images: readonly Pick<ListedImage, "name" | "digest">[],
  isForced: boolean,
  tell: (removal: MatchRemoval) => void,
): Promise<readonly MatchRemoval[]> {
  return mapBounded(images, AT_ONCE, async ({ name, digest }) => {
    const removal = await removeOne(larder, name, digest, isForced);
    tell(removal);
    return removal;
  });
}

async function removeOne(larder: AdminClient, image: string, digest: string, isForced: boolean): Promise<MatchRemoval> {
  try {
    const force = isForced ? "true" : "false";
    const { uncovered } = await larder.call("removeImage", { image, digest, force });
    const warning = uncovered ? "the cached one of that name answers again" : null;
    return { image, status: "removed", reason: null, warning };
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    if (error.code !== "MANIFEST_UNKNOWN") return { image, status: "failed", reason: error.message, warning: null };
    const reason = "it was removed, or leads elsewhere, since it was looked for";
    return { image, status: "absent", reason, warning: null };
  }
}
