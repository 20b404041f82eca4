import { PROOF_MS, PROOFS_LIMIT, type ProofStore } from "../proofs.ts";

/** Proofs in memory. */
export class MemoryProofs implements ProofStore {
  readonly #proofs = new Map<string, number>();

  async seenAtMs(hash: string, nowMs: number): Promise<number | null> {
    const atMs = this.#proofs.get(hash);
    return atMs === undefined || nowMs - atMs > PROOF_MS ? null : atMs;
  }

  async note(hash: string, atMs: number): Promise<void> {
    this.#proofs.set(hash, atMs);
    const all = [...this.#proofs].sort(([one, a], [other, b]) => b - a || (one < other ? -1 : 1));
    for (const [old] of all.slice(PROOFS_LIMIT)) this.#proofs.delete(old);
  }

  async forget(hash: string): Promise<void> {
    this.#proofs.delete(hash);
  }
}
