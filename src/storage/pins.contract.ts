import { describe, expect, test } from "bun:test";
import type { MetadataStore } from "./metadata.ts";
import { PINS_LIMIT } from "./pins.ts";

/** What `pins.ts` promises, for one implementation. */
export function pinsContract(name: string, open: () => Promise<MetadataStore>): void {
  describe(name, () => {
    test("pins come and go, are listed in the order of their texts, and stay as they were made", async () => {
      const store = await open();
      const { pins } = store;
      const [b, a] = [
        { text: "quay.io/**", addedAtMs: 5, who: "ann" },
        { text: "docker.io/library/nginx:1.*", addedAtMs: 6, who: null },
      ] as const;
      expect([await pins.add(b), await pins.add(a)]).toEqual([true, true]);
      expect(await pins.add({ ...b, addedAtMs: 9, who: null })).toBe(false);
      expect(await pins.list()).toEqual([a, b]);
      expect([await pins.remove(b.text), await pins.remove(b.text)]).toEqual([true, false]);
      expect(await pins.list()).toEqual([a]);
      await store.close();
    });

    test("who subscribes is told of each change once it can be read, until the end of it", async () => {
      const store = await open();
      const { pins } = store;
      const seen: Promise<readonly unknown[]>[] = [];
      const end = pins.subscribe(() => void seen.push(pins.list()));
      await pins.add({ text: "a/b", addedAtMs: 1, who: null });
      await pins.remove("a/b");
      end();
      await pins.add({ text: "a/c", addedAtMs: 1, who: null });
      expect((await Promise.all(seen)).map((list) => list.length)).toEqual([1, 0]);
      await store.close();
    });

    test("there is a limit to their number", async () => {
      const store = await open();
      const { pins } = store;
      const texts = Array.from({ length: PINS_LIMIT }, (_, index) => `a/${index}`);
      await Promise.all(texts.map((text) => pins.add({ text, addedAtMs: 1, who: null })));
      await expect(pins.add({ text: "a/b", addedAtMs: 1, who: null })).rejects.toMatchObject({ code: "BAD_REQUEST" });
      expect(await pins.add({ text: "a/1", addedAtMs: 1, who: null })).toBe(false);
      expect(await pins.remove("a/1")).toBe(true);
      expect(await pins.add({ text: "a/b", addedAtMs: 1, who: null })).toBe(true);
      await store.close();
    }, 20_000);
  });
}
