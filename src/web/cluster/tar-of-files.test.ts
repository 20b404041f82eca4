import { expect, test } from "bun:test";
import fc from "fast-check";
import { readTar } from "../../lib/tar/read-tar.ts";
import { tarOfFiles } from "./tar-of-files.ts";

async function membersOf(tar: Blob): Promise<(readonly [string, string])[]> {
  const members: (readonly [string, string])[] = [];
  for await (const { entry, body } of readTar(tar.stream())) {
    const parts: Uint8Array[] = [];
    for await (const part of body ?? []) parts.push(part);
    members.push([entry.path, Buffer.concat(parts).toString("hex")]);
  }
  return members;
}

test("what the page packs is what larder unpacks, whatever its names and sizes", async () => {
  // A zero byte ends a name in a tar, and no file has one.
  const name = fc.string({ unit: "grapheme", minLength: 1, maxLength: 90 }).filter((text) => !/[\0/]/.test(text));
  const path = fc.array(name, { minLength: 1, maxLength: 6 }).map((names) => names.join("/"));
  const file = fc.record({ path, content: fc.uint8Array({ maxLength: 1100 }) });
  await fc.assert(
    fc.asyncProperty(fc.array(file, { maxLength: 4 }), async (files) => {
      const given = files.map((one) => ({ path: one.path, content: new Uint8Array(one.content) }));
      const expected = given.map((one) => [one.path, Buffer.from(one.content).toString("hex")] as const);
      expect(await membersOf(tarOfFiles(given))).toEqual(expected);
    }),
    { numRuns: 60 },
  );
});

test("names around the length that a head has room for, and a record whose length has one digit more", async () => {
  for (let length = 80; length < 130; length++) {
    const path = "x".repeat(length);
    expect(await membersOf(tarOfFiles([{ path, content: new Uint8Array(0) }]))).toEqual([[path, ""]]);
  }
});
