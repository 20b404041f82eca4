import { SingleFlight } from "../../lib/async/single-flight.ts";
import { describeFailure } from "../../lib/failures/describe-failure.ts";
import type { KeySet, PublicKey } from "./key-set.ts";

/** Where an issuer's keys come from, and where the last ones are kept. */
export type IssuerKeysOptions = {
  /** Asks the issuer, or reads the file. Rejects, saying why not. */
  readonly read: () => Promise<readonly PublicKey[]>;
  /** May the issuer be asked now? Not while larder is offline. */
  readonly mayRead: () => boolean;
  /** The keys that were kept, from before a restart or from another larder of the same store; null: none. */
  readonly recall: () => Promise<KeySet | null>;
  readonly keep: (keys: KeySet) => Promise<void>;
  /** Told of each reading that failed. */
  readonly onFailure: (why: string) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly limits?: KeyLimits;
};

/** After how long keys are looked up again, and how soon after the last time at the earliest. Milliseconds. */
export type KeyLimits = { readonly maxAgeMs: number; readonly pauseMs: number };

/** Issuers publish a key a day or more before they sign with it. */
export const REMOTE_LIMITS: KeyLimits = { maxAgeMs: 3_600_000, pauseMs: 30_000 };
/** A file is looked at nearly each time. */
export const FILE_LIMITS: KeyLimits = { maxAgeMs: 10_000, pauseMs: 1000 };

/** The keys that are known, and why the last attempt to get newer ones failed; null: it did not. */
export type KnownKeys = { readonly set: KeySet | null; readonly failure: string | null };

/**
 * The public keys of one issuer: those that it had last, however long it is away.
 *
 * They are looked up again beside the requests when they are old, and before an answer when there are none, or a token names one that
 * is not among them; but never twice within the pause, whoever asks: a stranger's tokens name any key.
 */
export class IssuerKeys {
  readonly #options: IssuerKeysOptions;
  readonly #limits: KeyLimits;
  readonly #reading = new SingleFlight<"keys", void>();
  #known: KnownKeys = { set: null, failure: null };
  #recalled: Promise<void> | null = null;
  #attemptedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: IssuerKeysOptions) {
    this.#options = options;
    this.#limits = options.limits ?? REMOTE_LIMITS;
  }

  /** The keys to verify a token with that names the key `id`; null: it names none. */
  async for(id: string | null): Promise<KnownKeys> {
    await (this.#recalled ??= this.#recall());
    const { set } = this.#known;
    if (set === null || (id !== null && !set.keys.some((key) => key.kid === id))) await this.#renew();
    else if (this.#since(set.fetchedAtMs) > this.#limits.maxAgeMs) void this.#renew();
    return this.#known;
  }

  async #recall(): Promise<void> {
    // A store that cannot be read costs one question to the issuer.
    const set = await this.#options.recall().catch(() => null);
    if (this.#known.set === null) this.#known = { set, failure: null };
  }

  async #renew(): Promise<void> {
    if (!this.#options.mayRead()) {
      this.#known = { ...this.#known, failure: "larder is offline" };
      return;
    }
    if (this.#since(this.#attemptedAtMs) < this.#limits.pauseMs && !this.#reading.has("keys")) return;
    await this.#reading.run("keys", () => this.#read());
  }

  /** A clock that was set back must not keep old keys for long. */
  #since(momentMs: number): number {
    return Math.abs(this.#options.now() - momentMs);
  }

  async #read(): Promise<void> {
    const { read, keep, now, onFailure } = this.#options;
    this.#attemptedAtMs = now();
    let set: KeySet;
    try {
      set = { keys: await read(), fetchedAtMs: now() };
    } catch (error) {
      const failure = describeFailure(error);
      this.#known = { ...this.#known, failure };
      onFailure(failure);
      return;
    }
    this.#known = { set, failure: null };
    // They are known until the next restart all the same.
    await keep(set).catch((error: unknown) => onFailure(`they cannot be kept: ${describeFailure(error)}`));
  }
}
