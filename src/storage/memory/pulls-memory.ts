import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { Pull, PullStore } from "../pulls.ts";

/** What the notes are written to. */
type Images = {
  /** Notes it for one manifest; the indexes that list it, or null when it is not here. */
  notePull(repository: RepositoryName, digest: Digest, atMs: number): readonly Digest[] | null;
  lastPull(repository: RepositoryName, digest: Digest): number | null;
};

/** Notes of pulls in memory. */
export class MemoryPulls implements PullStore {
  readonly #images: Images;

  constructor(images: Images) {
    this.#images = images;
  }

  async notePulls(pulls: readonly Pull[]): Promise<void> {
    for (const pull of pulls) this.#note(pull, new Set());
  }

  async lastPull(repository: RepositoryName, digest: Digest): Promise<number | null> {
    return this.#images.lastPull(repository, digest);
  }

  #note({ repository, digest, atMs }: Pull, noted: Set<Digest>): void {
    if (noted.has(digest)) return;
    noted.add(digest);
    const indexes = this.#images.notePull(repository, digest, atMs) ?? [];
    for (const index of indexes) this.#note({ repository, digest: index, atMs }, noted);
  }
}
