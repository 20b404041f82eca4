import type { Turns } from "../../lib/async/turns.ts";
import type { VerificationPass, VerificationStore } from "../../storage/verification.ts";
import { isUnkeepable } from "../../storage/storage-error.ts";
import type { BlobVerifier, OnRead, Verdict } from "./blob-verifier.ts";
import type { VerificationTally } from "./verification-tally.ts";

/** What a run over all blobs works on. */
export type VerificationRunParts = {
  readonly store: VerificationStore;
  readonly verifier: BlobVerifier;
  readonly tally: VerificationTally;
  readonly turns: Turns;
  readonly now: () => number;
  /** Milliseconds that only grow. */
  readonly elapsed: () => number;
};

/** Who a run is for. */
export type RunOptions = {
  /** What an earlier run left to be done; null: a pass from the beginning. */
  readonly goOn: VerificationPass | null;
  readonly signal: AbortSignal;
  /** Waits where reading must not be as fast as it can. */
  readonly pace: OnRead;
  /** Is told of each blob. */
  readonly tell: (verdict: Verdict, pass: VerificationPass) => void;
};

const PAGE = 200;
/** What is read again after a kill, at most. */
const SAVE_EVERY_MS = 30_000;
/** To open a file costs a disk as much as to read so many bytes: a million small ones are work, too. */
const OPENING_BYTES = 64 << 10;

/**
 * Verifies all recorded blobs, in the order of their digests. How far it has come is written down every half a minute, and at
 * the end: another run goes on from there. Returns the pass as it ended. Throws when `signal` fires.
 */
export async function runVerification(parts: VerificationRunParts, options: RunOptions): Promise<VerificationPass> {
  const { store, verifier, tally, turns, now, elapsed } = parts;
  const { goOn, signal, pace, tell } = options;
  const work = turns.begin(signal);
  const before = await store.readPass();
  let pass = goOn ?? begin(before, now());
  let savedMs = elapsed();
  const save = async (): Promise<void> => {
    savedMs = elapsed();
    // Another pass was further: it goes on where it was, unless this one comes to its end.
    const isBehind = goOn === null && before?.endedAtMs === null && (before.after ?? "") > (pass.after ?? "");
    if (isBehind && pass.endedAtMs === null) return;
    // On a full disk it goes on all the same, and begins further back after a restart.
    await store.savePass(pass).catch((error: unknown) => {
      if (!isUnkeepable(error)) throw error;
    });
  };
  try {
    for (;;) {
      const blobs = await store.listBlobs({ after: pass.after, limit: PAGE });
      for (const blob of blobs) {
        let bytes = 0;
        const onRead = (read: number) => {
          bytes += read;
          tally.read(read);
          return pace(read);
        };
        await pace(OPENING_BYTES);
        const verdict = await verifier.verify(blob, work, onRead);
        tally.judged(verdict);
        pass = count(pass, blob.digest, bytes, verdict);
        tell(verdict, pass);
        if (elapsed() - savedMs >= SAVE_EVERY_MS) await save();
        await work.rest();
      }
      if (blobs.length < PAGE) break;
    }
    pass = { ...pass, endedAtMs: now(), lastEndedAtMs: now() };
    return pass;
  } finally {
    await save();
  }
}

function begin(before: VerificationPass | null, startedAtMs: number): VerificationPass {
  const lastEndedAtMs = before?.lastEndedAtMs ?? null;
  return { startedAtMs, endedAtMs: null, after: null, blobs: 0, bytes: 0, rotten: 0, lastEndedAtMs };
}

function count(pass: VerificationPass, after: VerificationPass["after"], bytes: number, { kind }: Verdict) {
  const { blobs, rotten } = pass;
  return {
    ...pass,
    after,
    bytes: pass.bytes + bytes,
    blobs: blobs + Number(kind !== "absent"),
    rotten: rotten + Number(kind === "rotten"),
  };
}
