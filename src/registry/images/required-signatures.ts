import type { Digest } from "../../oci/digest.ts";
import { nameOf, type Repository, repositoryOf } from "../../oci/repository.ts";
import type { ManifestReference } from "../names/manifest-reference.ts";
import type { Manifests } from "../pull/manifests.ts";
import type { ImageGuard, PullContext } from "../pull/origin.ts";

/** What the rules say of an image: one entry for each that matches its name; `why` is null where it is satisfied. */
export type SignatureReport = {
  /** Where it was found: a push to `local/` may answer for another registry's name. */
  readonly name: string;
  readonly digest: Digest;
  readonly rules: readonly { readonly pattern: string; readonly why: string | null }[];
};

/** Tells of images whether they have the signatures that are required of them. */
export class RequiredSignatures {
  readonly #manifests: Manifests;
  readonly #guard: ImageGuard;

  constructor(manifests: Manifests, guard: ImageGuard) {
    this.#manifests = manifests;
    this.#guard = guard;
  }

  /** The image is looked up as for a pull, signed or not. Throws what `Manifests.get` throws, but for want of a signature. */
  async report(repository: Repository, reference: ManifestReference, context: PullContext): Promise<SignatureReport> {
    const asking = { ...context, mayHaveUnsigned: async () => true };
    const { manifest, foundIn } = await this.#manifests.get(repository, reference, asking);
    const tag = reference.kind === "tag" ? reference.tag : null;
    const image = { asked: repository, found: repositoryOf(foundIn), manifest, tag };
    return {
      name: reference.kind === "tag" ? `${foundIn}:${reference.tag}` : nameOf(image.found),
      digest: manifest.digest,
      rules: await this.#guard.explain(image, context),
    };
  }
}
