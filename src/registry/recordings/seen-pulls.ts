import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";

/** A pull that was seen; `next` is another one of the same manifest. */
type Seen = { readonly repository: RepositoryName; readonly tag: string | null; readonly next: Seen | null };

/** Remembers which manifests were pulled by which names, so that the thousandth pull costs no more than a look. */
export class SeenPulls {
  /** By digest: a manifest's is the same object at each pull of it, and is found without being read. */
  readonly #seen = new Map<Digest, Seen>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  has(repository: RepositoryName, tag: string | null, digest: Digest): boolean {
    let seen = this.#seen.get(digest) ?? null;
    while (seen !== null && (seen.tag !== tag || seen.repository !== repository)) seen = seen.next;
    return seen !== null;
  }

  /** Is the manifest of this repository among them, by whatever name? */
  hasManifest(repository: RepositoryName, digest: Digest): boolean {
    let seen = this.#seen.get(digest) ?? null;
    while (seen !== null && seen.repository !== repository) seen = seen.next;
    return seen !== null;
  }

  add(repository: RepositoryName, tag: string | null, digest: Digest): void {
    this.#seen.set(digest, { repository, tag, next: this.#seen.get(digest) ?? null });
    this.#count++;
  }
}
