import { createHmac } from "node:crypto";
import { ExpiringMap } from "../../lib/async/expiring-map.ts";
import { SingleFlight } from "../../lib/async/single-flight.ts";
import type { Namespace, RepositoryName } from "../../oci/repository-name.ts";
import { nameOf, type Repository } from "../../oci/repository.ts";
import type { CredentialKey } from "./keychain.ts";

/**
 * What a registry gave: something of an image, or no more than a list of tags, since there was no image that could be asked for.
 */
type Proof = "image" | "tags" | "nothing";

/** Asks an upstream registry whether somebody may pull from a repository there. `key` null: nobody in particular. */
export interface Prover {
  /** Throws when the registry cannot be asked. */
  prove(repository: Repository, key: CredentialKey | null): Promise<Proof>;
  /** Does the registry know whoever has these credentials? Throws when it cannot be asked. */
  knows(namespace: Namespace, key: CredentialKey): Promise<boolean>;
}

/** Remembers who was seen to may, over restarts: by a hash of the repository and the credentials' key. */
interface SeenProofs {
  /** When that was, in milliseconds since 1970; null: never, or too long ago. */
  seenAtMs(hash: string): Promise<number | null>;
  note(hash: string, atMs: number): Promise<void>;
  forget(hash: string): Promise<void>;
}

/** How a registry's word counts. */
export type ProofTerms = {
  /** For how long it is taken without asking again, in milliseconds. */
  readonly lifetimeMs: number;
  /** While it cannot be asked: may those go on pulling who were seen before? What was public to everybody always may be pulled. */
  readonly offline: "refuse" | "seen";
};

/** What proofs are made with. */
export type ProofsParts = {
  readonly prover: Prover;
  readonly seen: SeenProofs;
  /** What hashes are made with. */
  readonly secret: () => Promise<Buffer>;
  readonly termsOf: (namespace: Namespace) => ProofTerms;
  readonly now: () => number;
  readonly elapsed: () => number;
  /** Told when a registry could not be asked. */
  readonly onUnasked: (namespace: Namespace, error: unknown, outcome: string) => void;
};

/** `isUnasked`: the registry could not be asked, and nothing that was seen before counts. */
export type Verdict = { readonly mayPull: boolean; readonly isUnasked: boolean };

type Kept = { readonly verdict: Verdict; readonly untilMs: number; readonly renewAtMs: number };

const KEPT = 50_000;
/** Longer than a question takes: what was asked before something came here says nothing of it. */
const JUST_CACHED_MS = 15_000;
/** The longest that anything is kept; its own time is in it. */
const LONGEST_MS = 24 * 3_600_000;
/** Proofs of one repository that rest on its tags; the others are asked for each time. */
const KEYS_BY_TAGS = 1000;
const REFUSED_MS = 15_000;
const UNASKED_MS = 5000;
/** After so much of its time a proof that is used is renewed in the background: nobody waits for that. */
const RENEWED_AFTER = 0.8;
/** What was seen is written down again after so long. */
const NOTE_EVERY_MS = 3_600_000;
/** Questions with credentials that were refused, in a minute and for a registry: who guesses is not to have larder locked out. */
const REFUSALS = { limit: 60, ms: 60_000 };

/**
 * Who may pull what from registries that decide that themselves: each is asked once in a while for a repository and
 * credentials, in one question for all who want to know.
 */
export class Proofs {
  readonly #parts: ProofsParts;
  readonly #kept: ExpiringMap<string, Kept>;
  readonly #asking = new SingleFlight<string, Verdict>();
  readonly #noted: ExpiringMap<string, true>;
  /** Those that rest on lists of tags alone: they end when something of the repository comes here. */
  readonly #byTags: ExpiringMap<RepositoryName, Set<string>>;
  readonly #justCached: ExpiringMap<RepositoryName, true>;
  readonly #refusals = new Map<Namespace, { count: number; untilMs: number }>();

  constructor(parts: ProofsParts) {
    this.#parts = parts;
    this.#kept = new ExpiringMap(LONGEST_MS, KEPT, parts.elapsed);
    this.#noted = new ExpiringMap(NOTE_EVERY_MS, KEPT, parts.elapsed);
    this.#byTags = new ExpiringMap(LONGEST_MS, KEPT, parts.elapsed);
    this.#justCached = new ExpiringMap(JUST_CACHED_MS, KEPT, parts.elapsed);
  }

  /** Settings have changed: every registry is asked anew. */
  forget(): void {
    this.#kept.clear();
  }

  /** Something of a repository has come here: who was shown its tags alone has to be shown more. */
  noteCached(name: RepositoryName): void {
    this.#justCached.set(name, true);
    for (const key of this.#byTags.get(name) ?? []) this.#kept.delete(key);
    this.#byTags.delete(name);
  }

  /** What is known without asking; null: nothing, or not any more. What is used is renewed before its time is over. */
  known(repository: Repository, key: CredentialKey | null): Verdict | null {
    const name = nameOf(repository);
    const kept = this.#kept.get(keyOf(name, key));
    const nowMs = this.#parts.elapsed();
    if (kept === null || kept.untilMs <= nowMs) return null;
    // The answer is kept until then, whatever comes of it.
    if (kept.renewAtMs <= nowMs) void this.#ask(repository, name, key);
    return kept.verdict;
  }

  /** Throws nothing: a registry that cannot be asked is a verdict, too. */
  async find(repository: Repository, key: CredentialKey | null): Promise<Verdict> {
    const known = this.known(repository, key);
    if (known !== null) return known;
    if (key !== null && this.#isGuessing(repository.namespace)) return { mayPull: false, isUnasked: true };
    return this.#ask(repository, nameOf(repository), key);
  }

  #ask(repository: Repository, name: RepositoryName, key: CredentialKey | null): Promise<Verdict> {
    return this.#asking.run(keyOf(name, key), async () => {
      const { verdict, lifetimeMs, isByTags } = await this.#judge(repository, name, key);
      const nowMs = this.#parts.elapsed();
      if (isByTags && !this.#followTags(name, key)) return verdict;
      const renewAtMs = verdict.mayPull ? nowMs + lifetimeMs * RENEWED_AFTER : Number.POSITIVE_INFINITY;
      this.#kept.set(keyOf(name, key), { verdict, untilMs: nowMs + lifetimeMs, renewAtMs });
      return verdict;
    });
  }

  async #judge(repository: Repository, name: RepositoryName, key: CredentialKey | null) {
    const { prover, termsOf } = this.#parts;
    const { lifetimeMs } = termsOf(repository.namespace);
    try {
      const proof = await prover.prove(repository, key);
      const mayPull = proof !== "nothing";
      if (proof === "image") await this.#note(name, key);
      if (!mayPull) await this.#forget(name, key);
      if (!mayPull && key !== null) this.#countRefusal(repository.namespace);
      const isByTags = proof === "tags";
      return { verdict: { mayPull, isUnasked: false }, lifetimeMs: mayPull ? lifetimeMs : REFUSED_MS, isByTags };
    } catch (error) {
      const mayPull = await this.#wasSeen(repository, name, key);
      const outcome = mayPull ? "who was seen before goes on" : "nobody gets it";
      this.#parts.onUnasked(repository.namespace, error, outcome);
      return { verdict: { mayPull, isUnasked: !mayPull }, lifetimeMs: UNASKED_MS, isByTags: false };
    }
  }

  /** False: it is not to be kept, since something came here while the registry was asked. */
  #followTags(name: RepositoryName, key: CredentialKey | null): boolean {
    if (this.#justCached.get(name) !== null) return false;
    const keys = this.#byTags.get(name) ?? new Set();
    if (keys.size >= KEYS_BY_TAGS) return false;
    this.#byTags.set(name, keys.add(keyOf(name, key)));
    return true;
  }

  async #note(name: RepositoryName, key: CredentialKey | null): Promise<void> {
    const { seen, now } = this.#parts;
    const hash = await this.#hashOf(name, key);
    if (this.#noted.get(hash) !== null) return;
    this.#noted.set(hash, true);
    await seen.note(hash, now());
  }

  /** The registry says no: that it said yes once is not to count while it cannot be asked. */
  async #forget(name: RepositoryName, key: CredentialKey | null): Promise<void> {
    const { seen } = this.#parts;
    const hash = await this.#hashOf(name, key);
    this.#noted.delete(hash);
    if ((await seen.seenAtMs(hash)) !== null) await seen.forget(hash);
  }

  /** What everybody could have, everybody goes on to get. */
  async #wasSeen({ namespace }: Repository, name: RepositoryName, key: CredentialKey | null): Promise<boolean> {
    const { seen, termsOf } = this.#parts;
    const isSeen = async (one: CredentialKey | null) => (await seen.seenAtMs(await this.#hashOf(name, one))) !== null;
    if (await isSeen(null)) return true;
    return key !== null && termsOf(namespace).offline === "seen" && (await isSeen(key));
  }

  async #hashOf(name: RepositoryName, key: CredentialKey | null): Promise<string> {
    return createHmac("sha256", await this.#parts.secret())
      .update(keyOf(name, key))
      .digest("base64url");
  }

  #countRefusal(namespace: Namespace): void {
    const nowMs = this.#parts.elapsed();
    const before = this.#refusals.get(namespace);
    if (before === undefined || before.untilMs <= nowMs) {
      this.#refusals.set(namespace, { count: 1, untilMs: nowMs + REFUSALS.ms });
    } else before.count += 1;
  }

  #isGuessing(namespace: Namespace): boolean {
    const found = this.#refusals.get(namespace);
    return found !== undefined && found.untilMs > this.#parts.elapsed() && found.count >= REFUSALS.limit;
  }
}

function keyOf(name: RepositoryName, key: CredentialKey | null): string {
  return `${name} ${key ?? "everybody"}`;
}
