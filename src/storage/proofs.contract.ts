import { describe, expect, test } from "bun:test";
import type { MetadataStore } from "./metadata.ts";
import { PROOF_MS } from "./proofs.ts";

/** What `proofs.ts` promises, for one implementation. */
export function proofsContract(name: string, open: () => Promise<MetadataStore>): void {
  describe(name, () => {
    test("a proof is known from when it was given last, for its time", async () => {
      const store = await open();
      const { proofs } = store;
      expect(await proofs.seenAtMs("a", 5)).toBeNull();
      await proofs.note("a", 5);
      await proofs.note("b", 6);
      expect([await proofs.seenAtMs("a", 7), await proofs.seenAtMs("b", 7)]).toEqual([5, 6]);
      await proofs.note("a", 9);
      expect(await proofs.seenAtMs("a", 9 + PROOF_MS)).toBe(9);
      expect(await proofs.seenAtMs("a", 10 + PROOF_MS)).toBeNull();
      await proofs.forget("b");
      await proofs.forget("never given");
      expect([await proofs.seenAtMs("a", 9), await proofs.seenAtMs("b", 9)]).toEqual([9, null]);
      await store.close();
    });
  });
}
