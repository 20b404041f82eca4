import { BytePace } from "../../lib/async/byte-pace.ts";
import { describeFailure } from "../../lib/failures/describe-failure.ts";
import { type Leases, underLease } from "../../storage/leases.ts";
import { isUnkeepable } from "../../storage/storage-error.ts";
import type { RottenBlobStore, VerificationPass } from "../../storage/verification.ts";
import type { Log } from "../../telemetry/log.ts";
import { runVerification, type VerificationRunParts } from "./verification-run.ts";

/** How the background pass is to run. */
type VerificationSettings = {
  /** Bytes a second. */
  readonly verifyRate: number;
  /** How long after its beginning the next pass begins; infinite: never. */
  readonly verifyEveryMs: number;
};

/** The parts of a background verification. */
export type BackgroundParts = VerificationRunParts & {
  readonly rotten: RottenBlobStore;
  readonly leases: Leases;
  readonly log: Log;
  readonly settings: () => VerificationSettings;
  /** Do others need the disk and the network now? */
  readonly isBusy: () => boolean;
  /** May nothing be written? */
  readonly guard: { readonly problem: string | null } | null;
};

/** Leaves the machine to the first pulls after a start. */
const LOOK_EVERY_MS = 60_000;
/** While others need the disk, so much of the rate is left. */
const BUSY_SHARE = 1 / 8;
/** What is rotten is tried again so often: a registry may answer again, a disk may have been seen to. */
const RETRY_EVERY_MS = 3_600_000;
const RETRIED_AT_ONCE = 100;

/** The lease that whoever verifies all blobs holds. */
export const VERIFICATION_LEASE = "verification";

/**
 * Reads all blobs over time, at a rate, and begins anew when it is time. It goes on where it was after a restart, and gives
 * way while others transfer.
 */
export class BackgroundVerification {
  readonly #parts: BackgroundParts;
  readonly #ending = new AbortController();
  readonly #pace: BytePace;
  #running: Promise<void> | null = null;
  #retriedMs = Number.NEGATIVE_INFINITY;

  constructor(parts: BackgroundParts) {
    this.#parts = parts;
    const rate = () => parts.settings().verifyRate * (parts.isBusy() ? BUSY_SHARE : 1);
    this.#pace = new BytePace(rate, parts.elapsed);
  }

  /** Begins. What comes back ends it, and waits for its end. */
  start(everyMs = LOOK_EVERY_MS): () => Promise<void> {
    const timer = setInterval(() => void this.look(), everyMs);
    return async () => {
      clearInterval(timer);
      this.#ending.abort();
      await this.#running;
    };
  }

  /** Does what is due, and returns when it is done; a call while that goes on shares it. Never fails. */
  look(): Promise<void> {
    this.#running ??= this.#look()
      .catch((error: unknown) => this.#tellFailure(error))
      .finally(() => {
        this.#running = null;
      });
    return this.#running;
  }

  async #look(): Promise<void> {
    const { guard, store, settings, leases } = this.#parts;
    // What is found could not be written down, nor anything be set aside.
    if (guard !== null && guard.problem !== null) return;
    await this.#retryRotten();
    const last = await store.readPass();
    const everyMs = settings().verifyEveryMs;
    if (everyMs === Number.POSITIVE_INFINITY || !this.#isDue(last, everyMs)) return;
    const goOn = last !== null && last.endedAtMs === null ? last : null;
    await underLease(leases, VERIFICATION_LEASE, () => this.#run(goOn));
  }

  async #run(goOn: VerificationPass | null): Promise<void> {
    const { log, settings } = this.#parts;
    const off = new AbortController();
    const signal = AbortSignal.any([this.#ending.signal, off.signal]);
    const pace = (bytes: number) => {
      if (settings().verifyEveryMs === Number.POSITIVE_INFINITY) off.abort();
      return this.#pace.take(bytes, signal);
    };
    try {
      const pass = await runVerification(this.#parts, { goOn, signal, pace, tell: () => {} });
      const { startedAtMs, endedAtMs, blobs, bytes, rotten } = pass;
      const hours = Math.round((((endedAtMs ?? startedAtMs) - startedAtMs) / 3_600_000) * 10) / 10;
      log.write(rotten > 0 ? "warning" : "info", "all blobs were verified", { blobs, bytes, rotten, hours });
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** A pass that ended in the future, or will have begun there, was timed by a clock that was wrong. */
  #isDue(last: VerificationPass | null, everyMs: number): boolean {
    if (last === null || last.endedAtMs === null) return true;
    const ageMs = this.#parts.now() - last.startedAtMs;
    return ageMs >= everyMs || ageMs < 0;
  }

  async #retryRotten(): Promise<void> {
    const { rotten, verifier, turns, elapsed } = this.#parts;
    if (elapsed() - this.#retriedMs < RETRY_EVERY_MS) return;
    this.#retriedMs = elapsed();
    const { signal } = this.#ending;
    const work = turns.begin(signal);
    for (let after = null; ; ) {
      const page = await rotten.list({ after, limit: RETRIED_AT_ONCE });
      for (const { digest } of page) {
        await verifier.retry(digest, work, (bytes) => this.#pace.take(bytes, signal));
        await work.rest();
      }
      if (page.length < RETRIED_AT_ONCE) return;
      after = page.at(-1)?.digest ?? null;
    }
  }

  #tellFailure(error: unknown): void {
    if (this.#ending.signal.aborted || isUnkeepable(error)) return;
    this.#parts.log.write("warning", "blobs could not be verified; it is tried again", {
      error: describeFailure(error),
    });
  }
}
