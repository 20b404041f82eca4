import { describe, expect, test } from "bun:test";
import type { Leases } from "./leases.ts";

/** What `leases.ts` promises, for one implementation. `pass` lets time go by, in milliseconds. */
export function leasesContract(name: string, open: () => { leases: Leases; pass: (ms: number) => void }): void {
  describe(name, () => {
    test("one holds it at a time, whoever asks, and the next one after it was released", async () => {
      const { leases } = open();
      const first = await leases.acquire("a", "one", 1000);
      expect(first).not.toBeNull();
      expect(await leases.acquire("a", "one", 1000)).toBeNull();
      expect(await leases.acquire("a", "two", 1000)).toBeNull();
      expect(await leases.acquire("b", "two", 1000)).not.toBeNull();
      await leases.release("a", first ?? 0);
      const second = await leases.acquire("a", "two", 1000);
      expect(second ?? 0).toBeGreaterThan(first ?? 0);
    });

    test("of many who ask at once, one gets it", async () => {
      const { leases } = open();
      const asked = await Promise.all(Array.from({ length: 20 }, (_, index) => leases.acquire("a", `${index}`, 1000)));
      expect(asked.filter((fence) => fence !== null)).toHaveLength(1);
    });

    test("it ends with its time, unless it is renewed before", async () => {
      const { leases, pass } = open();
      const first = (await leases.acquire("a", "one", 1000)) ?? 0;
      pass(999);
      expect(await leases.acquire("a", "two", 1000)).toBeNull();
      expect(await leases.renew("a", first, 1000)).toBe(true);
      pass(999);
      expect(await leases.acquire("a", "two", 1000)).toBeNull();
      pass(1);
      expect(await leases.renew("a", first, 1000)).toBe(false);
      expect((await leases.acquire("a", "two", 1000)) ?? 0).toBeGreaterThan(first);
    });

    test("one who comes back too late neither renews nor ends another's", async () => {
      const { leases, pass } = open();
      const first = (await leases.acquire("a", "one", 1000)) ?? 0;
      pass(1000);
      const second = (await leases.acquire("a", "two", 1000)) ?? 0;
      expect(await leases.renew("a", first, 5000)).toBe(false);
      await leases.release("a", first);
      expect(await leases.acquire("a", "three", 1000)).toBeNull();
      expect(await leases.renew("a", second, 1000)).toBe(true);
      await leases.release("a", second);
      expect(await leases.renew("a", second, 1000)).toBe(false);
    });
  });
}
