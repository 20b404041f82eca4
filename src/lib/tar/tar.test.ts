import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { decodeText, encodeText } from "./text-bytes.ts";
import { encodeHeaderBlock } from "./encode-header-block.ts";
import { formatPaxRecords, parsePaxRecords } from "./pax-records.ts";
import { readTar } from "./read-tar.ts";
import { EPOCH, type TarEntry, type TarEntryType, type TarMember, tarEntry } from "./tar-entry.ts";
import { TarError } from "./tar-error.ts";
import { TarReader } from "./tar-reader.ts";
import { writeTar } from "./write-tar.ts";

type Whole = { entry: TarEntry; content: Uint8Array };

async function* chunksOf(bytes: Uint8Array, size = 65_536): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function collect(source: AsyncIterable<Uint8Array> | null): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  if (source !== null) for await (const part of source) parts.push(part);
  return Buffer.concat(parts);
}

async function readAll(archive: Uint8Array, chunk?: number): Promise<Whole[]> {
  const members: Whole[] = [];
  for await (const { entry, body } of readTar(chunksOf(archive, chunk))) {
    members.push({ entry, content: await collect(body) });
  }
  return members;
}

function write(members: readonly Whole[]): Promise<Uint8Array> {
  return collect(writeTar(members.map(({ entry, content }): TarMember => ({ entry, body: chunksOf(content) }))));
}

const name = fc
  .array(
    fc.oneof(
      fc.constantFrom("a", "usr", "ü", "\udcff", "x".repeat(60), "y".repeat(130)),
      fc.stringMatching(/^[\w.]{1,12}$/),
    ),
    {
      minLength: 1,
      maxLength: 6,
    },
  )
  .map((parts) => parts.join("/"));
const number = fc.oneof(fc.nat(0o7777777), fc.nat(), fc.constantFrom(0o7777777, 0o10000000, 2 ** 40));
const time = fc.record({
  seconds: fc.oneof(fc.nat(), fc.integer(), fc.constantFrom(-1, 0, 2 ** 40)),
  nanoseconds: fc.oneof(fc.constant(0), fc.nat(999_999_999)),
});
const xattrs = fc
  .dictionary(fc.constantFrom("user.a", "security.capability", "user.ü"), fc.uint8Array({ maxLength: 40 }), {
    noNullPrototype: true,
  })
  .map((record) => new Map(Object.entries(record)));
const member: fc.Arbitrary<Whole> = fc
  .record({
    path: name,
    type: fc.constantFrom<TarEntryType>(
      "file",
      "directory",
      "symlink",
      "hardlink",
      "character-device",
      "block-device",
      "fifo",
    ),
    mode: fc.nat(0o7777),
    uid: number,
    gid: number,
    userName: fc.constantFrom("", "root", "z".repeat(40)),
    groupName: fc.constantFrom("", "staff", "ß"),
    modifiedAt: time,
    linkTarget: name,
    deviceMajor: fc.nat(4095),
    deviceMinor: fc.nat(0xfffff),
    xattrs,
    content: fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 500, maxLength: 1100 })),
  })
  .map(({ path, type, content, linkTarget, deviceMajor, deviceMinor, ...rest }) => ({
    entry: tarEntry(type === "directory" ? `${path}/` : path, type, {
      ...rest,
      size: type === "file" ? content.length : 0,
      linkTarget: type.endsWith("link") ? linkTarget : "",
      deviceMajor: type.endsWith("device") ? deviceMajor : 0,
      deviceMinor: type.endsWith("device") ? deviceMinor : 0,
    }),
    content: type === "file" ? content : new Uint8Array(),
  }));

test("what is written is read back, in whatever chunks it comes", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(member, { maxLength: 6 }), fc.integer({ min: 1, max: 3000 }), async (members, chunk) => {
      const archive = await write(members);
      const back = await readAll(archive, chunk);
      expect(back.map((m) => m.entry)).toEqual(members.map((m) => m.entry));
      expect(back.map((m) => Buffer.from(m.content).toString("hex"))).toEqual(
        members.map((m) => Buffer.from(m.content).toString("hex")),
      );
    }),
    { numRuns: 150 },
  );
});

test("text keeps any bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 30 }), (bytes) => {
      expect(encodeText(decodeText(bytes))).toEqual(bytes);
    }),
  );
  expect(decodeText(Uint8Array.of(0x61, 0xff, 0xc3, 0xbc))).toBe("a\udcffü");
});

test("pax records keep any bytes, and count their own length", () => {
  const record = fc.record({ keyword: fc.stringMatching(/^[a-z.]{1,12}$/), value: fc.uint8Array({ maxLength: 1200 }) });
  fc.assert(
    fc.property(fc.array(record, { maxLength: 4 }), (records) => {
      expect(parsePaxRecords(formatPaxRecords(records), "test")).toEqual(records);
    }),
  );
  for (const length of [4, 5, 90, 91, 92, 93, 989, 990, 991]) {
    const [parsed] = parsePaxRecords(formatPaxRecords([{ keyword: "k", value: new Uint8Array(length) }]), "test");
    expect(parsed?.value.length).toBe(length);
  }
});

test("any bytes are an archive or a TarError, never anything else", async () => {
  const valid = await write([
    {
      entry: tarEntry("é".repeat(80), "file", { size: 700, modifiedAt: { seconds: 1, nanoseconds: 5 } }),
      content: new Uint8Array(700),
    },
    { entry: tarEntry("b", "symlink", { linkTarget: "c" }), content: new Uint8Array() },
  ]);
  await fc.assert(
    fc.asyncProperty(fc.nat(valid.length - 1), fc.nat(255), fc.nat(valid.length), async (at, byte, length) => {
      const bad = valid.slice(0, length);
      bad[at] = byte;
      await readAll(bad).catch((error: unknown) => expect(error).toBeInstanceOf(TarError));
    }),
    { numRuns: 300 },
  );
});

test("an archive that is cut short within a member is refused", async () => {
  const archive = await write([{ entry: tarEntry("a", "file", { size: 600 }), content: new Uint8Array(600) }]);
  for (const length of [1, 511, 513, 1100, 1535]) {
    await expect(readAll(archive.subarray(0, length))).rejects.toThrow(/cut short/);
  }
  expect((await readAll(archive.subarray(0, 1536))).length).toBe(1);
  expect(await readAll(new Uint8Array())).toEqual([]);
});

test("a body that nobody read is passed over, and one that has gone by is refused", async () => {
  const files = ["a", "b"].map((path) => ({ entry: tarEntry(path, "file", { size: 3 }), content: Buffer.from("xyz") }));
  const bodies: (AsyncIterable<Uint8Array> | null)[] = [];
  for await (const { body } of readTar(chunksOf(await write(files)))) bodies.push(body);
  expect(bodies.length).toBe(2);
  await expect(collect(bodies[0] ?? null)).rejects.toThrow(/has gone by/);
});

test("members that are at hand are read without waiting, the special ones not", async () => {
  const time = { seconds: 1, nanoseconds: 5 };
  const entries = [
    tarEntry("a", "file", { size: 700 }),
    tarEntry("b", "file", { size: 3, modifiedAt: time, xattrs: new Map([["user.a", Buffer.from("x")]]) }),
    tarEntry("c/", "directory"),
    tarEntry("d", "symlink", { linkTarget: "e".repeat(200) }),
  ];
  const members = entries.map((entry) => ({ entry, content: new Uint8Array(entry.size) }));
  const archive = await write(members);
  const tar = new TarReader(chunksOf(archive, archive.length));
  expect(await tar.next()).toEqual(entries[0] ?? null);
  expect(tar.tryContent()?.length).toBe(700);
  expect(entries.slice(1).map(() => tar.tryNext())).toEqual(entries.slice(1));
  expect(tar.tryNext()).toBeUndefined();
  expect(await tar.next()).toBeNull();

  const sparse = pax({ "GNU.sparse.size": "512", "GNU.sparse.map": "0,8" });
  const special = new TarReader(
    chunksOf(
      Buffer.concat([rawMember("0", new Uint8Array()), rawMember("x", sparse), rawMember("0", new Uint8Array(8))]),
    ),
  );
  await special.next();
  expect(special.tryNext()).toBeUndefined();
  expect((await special.next())?.size).toBe(512);
  expect(special.tryContent()).toBeUndefined();
  expect((await special.content()).length).toBe(8);
});

test("a body of the wrong length is refused", async () => {
  for (const content of ["ab", "abcd"]) {
    const members = [{ entry: tarEntry("a", "file", { size: 3 }), content: Buffer.from(content) }];
    await expect(write(members)).rejects.toThrow(TarError);
  }
});

test("what a tar cannot say is refused", async () => {
  const impossible: TarEntry[] = [
    tarEntry("", "file"),
    tarEntry("a\0b", "file"),
    tarEntry("a", "file", { size: -1 }),
    tarEntry("a", "symlink", { size: 4 }),
    tarEntry("a", "file", { uid: 1.5 }),
    tarEntry("a/", "file"),
    tarEntry("a", "file", { xattrs: new Map([["user.a=b", new Uint8Array()]]) }),
  ];
  for (const entry of impossible) {
    await expect(write([{ entry, content: new Uint8Array() }])).rejects.toThrow(TarError);
  }
});

/** A header of `typeFlag` with `data` behind it. */
function rawMember(typeFlag: string, data: Uint8Array, size = data.length): Buffer {
  const header = encodeHeaderBlock({
    path: "x",
    mode: 0o644,
    uid: 0,
    gid: 0,
    size,
    modifiedSeconds: 0,
    typeFlag,
    linkTarget: "",
    userName: "",
    groupName: "",
    deviceMajor: 0,
    deviceMinor: 0,
  });
  return Buffer.concat([header, data, new Uint8Array((512 - (data.length % 512)) % 512)]);
}

const pax = (records: Record<string, string>) =>
  formatPaxRecords(Object.entries(records).map(([keyword, value]) => ({ keyword, value: Buffer.from(value) })));

describe("hostile archives", () => {
  test("an extended header of gigabytes is refused before it is read", async () => {
    for (const flag of ["x", "g", "L", "K"]) {
      await expect(readAll(rawMember(flag, new Uint8Array(512), 0o77777777777))).rejects.toThrow(/extended header of/);
    }
  });

  test("sparse maps that overlap, run backwards, leave the file or tell of other lengths are refused", async () => {
    const maps = ["0,4,2,4", "8,4,0,4", "0,600", "0,4", "0,-4", "0,x", "0", "9007199254740993,1"];
    for (const map of maps) {
      const records = pax({ "GNU.sparse.size": "512", "GNU.sparse.numblocks": "1", "GNU.sparse.map": map });
      const archive = Buffer.concat([rawMember("x", records), rawMember("0", new Uint8Array(8))]);
      await expect(readAll(archive)).rejects.toThrow(TarError);
    }
  });

  test("a sparse file that claims exabytes costs nothing until somebody reads it", async () => {
    const records = pax({ "GNU.sparse.size": String(2 ** 52), "GNU.sparse.map": "0,8" });
    const archive = Buffer.concat([rawMember("x", records), rawMember("0", new Uint8Array(8))]);
    const sizes: number[] = [];
    for await (const { entry } of readTar(chunksOf(archive))) sizes.push(entry.size);
    expect(sizes).toEqual([2 ** 52]);
  });

  test("numbers that are none, unknown types and dangling extended headers are refused", async () => {
    const badSize = rawMember("x", pax({ size: "-5" }));
    const badTime = rawMember("x", pax({ mtime: "soon" }));
    const file = rawMember("0", new Uint8Array());
    for (const archive of [
      Buffer.concat([badSize, file]),
      Buffer.concat([badTime, file]),
      rawMember("M", new Uint8Array()),
      Buffer.concat([rawMember("x", pax({ path: "a" })), Buffer.alloc(1024)]),
      Buffer.alloc(512, 0x41),
    ]) {
      await expect(readAll(archive)).rejects.toThrow(TarError);
    }
  });
});

test("global records hold for all members until taken back, a member's own go first", async () => {
  const archive = Buffer.concat([
    rawMember("g", pax({ uid: "77", mtime: "5" })),
    rawMember("0", new Uint8Array()),
    rawMember("x", pax({ uid: "78" })),
    rawMember("0", new Uint8Array()),
    rawMember("g", pax({ uid: "" })),
    rawMember("0", new Uint8Array()),
  ]);
  expect((await readAll(archive)).map(({ entry }) => [entry.uid, entry.modifiedAt])).toEqual([
    [77, { seconds: 5, nanoseconds: 0 }],
    [78, { seconds: 5, nanoseconds: 0 }],
    [0, { seconds: 5, nanoseconds: 0 }],
  ]);
});

test("a plain entry is owned by root and of 1970", () => {
  expect(tarEntry("a", "directory")).toMatchObject({ mode: 0o755, uid: 0, gid: 0, modifiedAt: EPOCH, size: 0 });
});
