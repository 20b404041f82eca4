import { describe, expect, test } from "bun:test";
import type { MetadataStore } from "./metadata.ts";
import { type JsonValue, SETTING_LIMIT_BYTES } from "./settings.ts";

/** What `settings.ts` promises, for one implementation. */
export function settingsContract(name: string, open: () => Promise<MetadataStore>): void {
  describe(name, () => {
    test("a setting is what it was set to last, and null before and after", async () => {
      const store = await open();
      const { settings } = store;
      expect(await settings.get("offline")).toBeNull();
      for (const value of [true, false, 7, "text", [1, { a: null }], { deep: { list: ["é\u0000"] } }]) {
        await settings.set("offline", value);
        expect(await settings.get("offline")).toEqual(value);
      }
      await settings.set("another", 1);
      await settings.set("offline", null);
      expect([await settings.get("offline"), await settings.get("another")]).toEqual([null, 1]);
      await store.close();
    });

    test("who subscribes is told of changes in their order, until the end of it", async () => {
      const store = await open();
      const { settings } = store;
      const [seen, others]: [unknown[], unknown[]] = [[], []];
      const tell = (key: string, value: JsonValue) => seen.push([key, value]);
      const [end, endToo] = [settings.subscribe(tell), settings.subscribe(tell)];
      settings.subscribe((key) => others.push(key));
      endToo();
      await Promise.all([settings.set("a", 1), settings.set("b", [2]), settings.set("a", null)]);
      end();
      await settings.set("a", 3);
      expect(seen).toEqual([
        ["a", 1],
        ["b", [2]],
        ["a", null],
      ]);
      expect(others).toEqual(["a", "b", "a", "a"]);
      await store.close();
    });

    test("one that is too large is refused, and changes nothing", async () => {
      const store = await open();
      const { settings } = store;
      const seen: unknown[] = [];
      await settings.set("a", 1);
      settings.subscribe((key) => seen.push(key));
      await expect(settings.set("a", "x".repeat(SETTING_LIMIT_BYTES))).rejects.toThrow("the setting a has more than");
      expect(await settings.get("a")).toBe(1);
      expect(seen).toEqual([]);
      await store.close();
    });
  });
}
