import { expect, test } from "bun:test";
import { parseTag } from "../../oci/tag.ts";
import { KeptTagLists } from "./kept-tag-lists.ts";

const listOf = (count: number) => ({
  tags: Array.from({ length: count }, (_, index) => parseTag(`tag-${index}`)),
  isCut: false,
  fetchedAtMs: 0,
});

test("lists are kept in bounded memory, those not asked for longest going first", () => {
  const kept = new KeptTagLists(100_000);
  for (let index = 0; index < 10; index++) kept.set(`registry.test/${index}`, listOf(200));
  for (let index = 0; index < 100; index++) {
    expect(kept.get("registry.test/1")).not.toBeNull();
    kept.set(`registry.test/more/${index}`, listOf(200));
  }
  const left = Array.from({ length: 100 }, (_, index) => kept.get(`registry.test/more/${index}`)).filter(Boolean);
  expect(left.length).toBeGreaterThan(5);
  expect(left.length).toBeLessThan(15);
  expect(kept.get("registry.test/0")).toBeNull();
});

test("a list takes the place of an earlier one, and one that is too large of no other", () => {
  const kept = new KeptTagLists(100_000);
  for (let round = 0; round < 100; round++) kept.set("registry.test/same", listOf(1000));
  kept.set("registry.test/other", listOf(10));
  expect(kept.get("registry.test/same")?.tags).toHaveLength(1000);
  kept.set("registry.test/huge", listOf(100_000));
  expect(kept.get("registry.test/huge")).toBeNull();
  expect(kept.get("registry.test/other")).not.toBeNull();
});
