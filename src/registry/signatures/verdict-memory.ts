import { ExpiringMap } from "../../lib/async/expiring-map.ts";
import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { RuleSet } from "./signature-rules.ts";

/** What is allowed is looked at again after this time, in milliseconds: certificates of the Notary project end. */
const ALLOWED_MS = 600_000;
/** What is refused may have been signed meanwhile. */
const REFUSED_MS = 10_000;
const REMEMBERED = 20_000;
const REPOSITORIES = 10_000;

/**
 * Remembers what was found of manifests and blobs, in memory alone: to look at signatures that are here takes a millisecond or
 * two, and they prove more than a row that says they were looked at.
 */
export class VerdictMemory {
  readonly #allowed: ExpiringMap<string, true>;
  readonly #refused: ExpiringMap<string, string>;
  /** Counts what changed in a repository: what was found before does not count any more. */
  readonly #changes = new Map<RepositoryName, { additions: number; removals: number }>();

  constructor(elapsed: () => number) {
    this.#allowed = new ExpiringMap(ALLOWED_MS, REMEMBERED, elapsed);
    this.#refused = new ExpiringMap(REFUSED_MS, REMEMBERED, elapsed);
  }

  isAllowed(name: RepositoryName, digest: Digest, set: RuleSet): boolean {
    return this.#allowed.get(this.#key(name, digest, set, this.#removals(name))) !== null;
  }

  /** Why it was refused a moment ago; null when it was not. */
  refusal(name: RepositoryName, digest: Digest, set: RuleSet): string | null {
    return this.#refused.get(this.#key(name, digest, set, this.#additions(name)));
  }

  /** Begins a look at signatures of a repository. What it comes to counts if nothing has changed meanwhile. */
  begin(name: RepositoryName): {
    allow(digests: Iterable<Digest>, set: RuleSet): void;
    refuse(digest: Digest, set: RuleSet, why: string): void;
  } {
    const [removals, additions] = [this.#removals(name), this.#additions(name)];
    return {
      allow: (digests, set) => {
        for (const digest of digests) this.#allowed.set(this.#key(name, digest, set, removals), true);
      },
      refuse: (digest, set, why) => this.#refused.set(this.#key(name, digest, set, additions), why),
    };
  }

  /** Something was put into a repository: a signature, maybe. */
  noteAddition(name: RepositoryName): void {
    this.#note(name, 0);
  }

  /** Something was taken out of a repository. */
  noteRemoval(name: RepositoryName): void {
    this.#note(name, 1);
  }

  /** Nothing that was found counts any more: there are other rules. */
  clear(): void {
    this.#allowed.clear();
    this.#refused.clear();
  }

  #note(name: RepositoryName, removals: number): void {
    const before = this.#changes.get(name) ?? { additions: 0, removals: 0 };
    if (this.#changes.size >= REPOSITORIES) {
      this.#changes.clear();
      this.clear();
    }
    this.#changes.set(name, { additions: before.additions + 1, removals: before.removals + removals });
  }

  #removals(name: RepositoryName): number {
    return this.#changes.get(name)?.removals ?? 0;
  }

  #additions(name: RepositoryName): number {
    return this.#changes.get(name)?.additions ?? 0;
  }

  #key(name: RepositoryName, digest: Digest, set: RuleSet, change: number): string {
    return `${name}@${digest} ${set.key} ${change}`;
  }
}
