import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type {
  LeftBehindAges,
  LeftBehindStore,
  UntaggedManifest,
  UntaggedPlace,
  UntaggedQuery,
} from "../../storage/left-behind.ts";
import type { Holds } from "../holds/holds.ts";

/** A manifest without a tag, with what becomes of it. `goesAtMs` is null when it stays; `heldBy` says why, if something holds it. */
export type UntaggedEntry = UntaggedManifest & { readonly goesAtMs: number | null; readonly heldBy: string | null };

/** Lists manifests without a tag, and which of them go by themselves. */
export class UntaggedList {
  readonly #store: LeftBehindStore;
  readonly #holds: Holds;
  readonly #ages: () => LeftBehindAges;

  constructor(store: LeftBehindStore, holds: Holds, ages: () => LeftBehindAges) {
    this.#store = store;
    this.#holds = holds;
    this.#ages = ages;
  }

  /** As `LeftBehindStore.listUntagged`. */
  async list(query: UntaggedQuery): Promise<{ entries: readonly UntaggedEntry[]; next: UntaggedPlace | null }> {
    const { manifests, next } = await this.#store.listUntagged(query);
    const entries: UntaggedEntry[] = [];
    for (const manifest of manifests) entries.push(await this.#entryOf(manifest));
    return { entries, next };
  }

  async #entryOf(manifest: UntaggedManifest): Promise<UntaggedEntry> {
    const { repository, digest, kind, leftBehindAtMs, usedAtMs } = manifest;
    const heldBy = holderOf(manifest) ?? this.#reasonFor(repository, digest) ?? (await this.#reasonForPart(manifest));
    const ageMs = this.#ages()[kind];
    const isGoing = leftBehindAtMs !== null && heldBy === null && ageMs !== null;
    return { ...manifest, heldBy, goesAtMs: isGoing ? usedAtMs + ageMs : null };
  }

  #reasonFor(repository: RepositoryName, digest: Digest): string | null {
    return this.#holds.reasonFor(repository, null, digest);
  }

  async #reasonForPart({ repository, digest }: UntaggedManifest): Promise<string | null> {
    for (const part of await this.#store.listParts(repository, digest)) {
      const reason = this.#reasonFor(repository, part);
      if (reason !== null) return reason;
    }
    return null;
  }
}

function holderOf({ repository, holder }: UntaggedManifest): string | null {
  if (holder === null) return null;
  const name = `${repository}@${holder.digest}`;
  return holder.kind === "index" ? `the index ${name}` : `what it refers to, ${name}`;
}
