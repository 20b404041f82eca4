/**
 * The contract of proofs: that an upstream registry let somebody pull something. Whom and what is in a hash alone, whose key is
 * elsewhere, so that nothing of credentials is here.
 */

/** A proof counts so long after it was last given. */
export const PROOF_MS = 30 * 86_400_000;
/** So many are kept; those given longest ago go first. */
export const PROOFS_LIMIT = 50_000;

/** Proofs by their hashes. Times are milliseconds since 1970. */
export interface ProofStore {
  /** When a proof was given; null when it was not, or more than `PROOF_MS` before `nowMs`. */
  seenAtMs(hash: string, nowMs: number): Promise<number | null>;
  /** Notes that a proof was given. It may be lost with the machine's power. */
  note(hash: string, atMs: number): Promise<void>;
  /** Takes a proof back: the registry has said no since. */
  forget(hash: string): Promise<void>;
}
