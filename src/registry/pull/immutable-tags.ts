import type { Digest } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { nameOf, type Repository } from "../../oci/repository.ts";
import type { Tag } from "../../oci/tag.ts";
import type { TagStore } from "../../storage/metadata.ts";
import type { PushedStore } from "../../storage/pushed.ts";
import type { ImageRules } from "../names/image-rules.ts";
import type { ManifestReference } from "../names/manifest-reference.ts";

/** What tells whether a tag is there, and may change. */
export type ImmutableParts = {
  readonly tags: Pick<TagStore, "getTagged">;
  readonly pushed: PushedStore;
  readonly rules: ImageRules;
};

/** Throws DENIED for an immutable tag that was pushed, and for what such a tag leads to: a manifest, or a blob by its digest. */
export async function assertMayGo(
  repository: Repository,
  reference: ManifestReference,
  { tags, pushed, rules }: ImmutableParts,
): Promise<void> {
  if (!rules.limitsChanges) return;
  const name = nameOf(repository);
  if (reference.kind === "digest") {
    const isMeant = (tag: Tag) => rules.immutableBy(repository, tag) !== null;
    const tag = await pushed.findPushedTag(name, reference.digest, { isMeant });
    if (tag !== null) throw immutable(repository, tag, rules, `leads to ${reference.digest}, which therefore stays`);
    return;
  }
  if (rules.immutableBy(repository, reference.tag) === null) return;
  const here = await tags.getTagged(name, reference.tag);
  if (here?.tag.kind === "pushed") throw immutable(repository, reference.tag, rules, "stays where it is");
}

/** Throws DENIED for an immutable tag that was pushed with another digest than this. */
export async function assertMayPointAt(
  repository: Repository,
  tag: Tag,
  digest: Digest,
  { tags, rules }: Pick<ImmutableParts, "tags" | "rules">,
): Promise<void> {
  if (rules.immutableBy(repository, tag) === null) return;
  const here = await tags.getTagged(nameOf(repository), tag);
  if (here === null || here.tag.kind !== "pushed" || here.tag.digest === digest) return;
  throw immutable(repository, tag, rules, `points at ${here.tag.digest} already; push under another tag`);
}

/** 403 is the one status whose words docker, podman, skopeo, crane and containerd all show, and which none of them tries again. */
function immutable(repository: Repository, tag: Tag, rules: ImageRules, why: string): RegistryError {
  const image = `${nameOf(repository)}:${tag}`;
  const rule = rules.immutableBy(repository, tag) ?? "immutable";
  const advice = `an administrator can remove it with larder rm --force ${image}`;
  const detail = { name: nameOf(repository), tag };
  return new RegistryError(
    "DENIED",
    `the tag ${image} is immutable (${rule} in larder's settings) and ${why}; ${advice}`,
    {
      detail,
    },
  );
}
