import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { Turns } from "../../lib/async/turns.ts";
import { type TarEntry, tarEntry } from "../../lib/tar/tar-entry.ts";
import { writeTar } from "../../lib/tar/write-tar.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { digestOf } from "../../oci/digest.ts";
import { LayerContents } from "./layer-contents.ts";
import { LayerShelf } from "./layer-shelf.ts";

type Member = { readonly entry: TarEntry; readonly content: string };

const FIRST = { after: null, limit: 100 };
const NEVER = new AbortController().signal;
const BOUNDS = { entries: 1000, unpackedBytes: 1 << 20, elapsedMs: 1e9 };

const file = (path: string, content: string): Member => ({
  entry: tarEntry(path, "file", { size: content.length }),
  content,
});
const other = (path: string, type: TarEntry["type"], linkTarget = ""): Member => ({
  entry: tarEntry(path, type, { linkTarget }),
  content: "",
});

async function tarOf(members: readonly Member[]): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  const source = members.map(({ entry, content }) => ({
    entry,
    body: content === "" ? null : once(Buffer.from(content)),
  }));
  for await (const part of writeTar(source)) parts.push(part);
  return Buffer.concat(parts);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** A store of one layer, which counts how often it is read. */
function contentsOf(bytes: Uint8Array, bounds = BOUNDS, elapsedMs = () => 0) {
  const reads = { whole: 0, table: 0 };
  const blobs = {
    read: async () => {
      reads.whole++;
      return new Blob([Uint8Array.from(bytes)]);
    },
    open: async () => ({
      read: async (position: number, length: number) => {
        reads.table++;
        return bytes.slice(position, position + length);
      },
      close: async () => {},
    }),
  };
  const contents = new LayerContents({
    blobs,
    shelf: new LayerShelf(elapsedMs),
    turns: new Turns(),
    elapsedMs,
    bounds,
  });
  const layer: Descriptor = {
    mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
    digest: digestOf(bytes),
    size: bytes.byteLength,
  };
  const names = async (folder: string, of = layer) =>
    (await contents.list(of, folder, FIRST, NEVER)).entries.map((one) => one.name);
  return { contents, layer, reads, names };
}

const MEMBERS = [
  other("etc/", "directory"),
  file("etc/os-release", "ID=larder\n"),
  other("etc/mtab", "symlink", "/proc/mounts"),
  other("etc/os-release.hard", "hardlink", "./etc/os-release"),
  file("bin/tool", "\u0000ELF"),
  file("etc/.wh.motd", ""),
];

test.each(["none", "gzip", "zstd"] as const)("a layer's files are listed and read, compressed by %s", async (how) => {
  const tar = await tarOf(MEMBERS);
  const bytes = how === "none" ? tar : how === "gzip" ? gzipSync(tar) : zstdCompressSync(tar);
  const { contents, layer, names, reads } = contentsOf(bytes);
  expect(await names("")).toEqual(["bin", "etc"]);
  const { entries, index } = await contents.list(layer, "etc", FIRST, NEVER);
  expect(entries.map(({ name, node }) => [name, node.type, node.linkTarget])).toEqual([
    ["motd", "whiteout", null],
    ["mtab", "symlink", "/proc/mounts"],
    ["os-release", "file", null],
    ["os-release.hard", "hardlink", "./etc/os-release"],
  ]);
  expect(index.reading).toMatchObject({ end: "whole", why: null, by: "archive", entryCount: 6 });
  // Looked into once, and read once.
  expect(reads.whole).toBe(1);
  const text = { sizeBytes: 10, text: "ID=larder\n", isCut: false };
  expect(await contents.text(layer, "/etc/os-release", NEVER)).toEqual(text);
  expect(await contents.text(layer, "etc/os-release.hard", NEVER)).toEqual(text);
  expect(await contents.text(layer, "bin/tool", NEVER)).toMatchObject({ text: null });
  for (const none of ["etc", "etc/mtab", "etc/motd", "nowhere", ".."]) {
    await expect(contents.text(layer, none, NEVER)).rejects.toMatchObject({ code: "NAME_UNKNOWN" });
  }
  await expect(contents.list(layer, "nowhere", FIRST, NEVER)).rejects.toMatchObject({ code: "NAME_UNKNOWN" });
});

test("of a large text its beginning is given, without half a character", async () => {
  const { contents, layer } = contentsOf(await tarOf([file("a", ""), { ...file("big", ""), ...large("é") }]));
  const { text, isCut } = await contents.text(layer, "big", NEVER);
  expect(isCut).toBe(true);
  expect(text?.length).toBe(32_767 + 1);
  expect(text?.endsWith("é")).toBe(true);
});

/** A file of an odd byte and many characters of two, so that one is cut at the limit. */
function large(character: string): Member {
  const content = `x${character.repeat(50_000)}`;
  return { entry: tarEntry("big", "file", { size: Buffer.byteLength(content) }), content };
}

test.each([
  ["more entries than are read", { ...BOUNDS, entries: 3 }, "entries"],
  ["more bytes than are unpacked", { ...BOUNDS, unpackedBytes: 1000 }, "bytes"],
] as const)("a layer of %s says how far it was read", async (_, bounds, end) => {
  const { contents, layer } = contentsOf(gzipSync(await tarOf(MEMBERS)), bounds);
  const { index } = await contents.list(layer, "", FIRST, NEVER);
  expect(index.reading.end).toBe(end);
  expect(index.reading.why).toContain("the rest was not read");
  await expect(contents.text(layer, "nowhere", NEVER)).rejects.toThrow("as far as it was read");
});

test("one that takes too long says so, and is read again when it is asked for later", async () => {
  let nowMs = 0;
  const slow = () => (nowMs += 100);
  const { contents, layer, reads } = contentsOf(gzipSync(await tarOf(MEMBERS)), { ...BOUNDS, elapsedMs: 50 }, slow);
  expect((await contents.list(layer, "", FIRST, NEVER)).index.reading.end).toBe("time");
  await contents.list(layer, "", FIRST, NEVER);
  expect(reads.whole).toBe(1);
  nowMs += 10 * 60_000;
  await contents.list(layer, "", FIRST, NEVER);
  expect(reads.whole).toBe(2);
});

test.each([
  ["what is no archive", () => Buffer.alloc(2000, 7)],
  ["one that is cut short", async () => gzipSync(await tarOf(MEMBERS)).subarray(0, 120)],
  [
    "a compressed stream with damage",
    async () => {
      const bytes = gzipSync(await tarOf(MEMBERS));
      return Buffer.concat([bytes.subarray(0, 60), Buffer.alloc(40, 0xff), bytes.subarray(100)]);
    },
  ],
])("of %s that is told of which could be read, and why no more", async (_, make) => {
  const { contents, layer } = contentsOf(await make());
  const { index } = await contents.list(layer, "", FIRST, NEVER);
  expect(index.reading.end).toBe("damaged");
  expect(index.reading.why).not.toBe("");
});

test("an empty layer has an empty top", async () => {
  expect(await contentsOf(gzipSync(await tarOf([]))).names("")).toEqual([]);
});

test("a layer is read once for all who ask at once", async () => {
  const { names, reads } = contentsOf(gzipSync(await tarOf(MEMBERS)));
  await Promise.all(Array.from({ length: 30 }, () => names("etc")));
  expect(reads.whole).toBe(1);
});

const TABLE = {
  version: 1,
  entries: [
    { name: "etc/", type: "dir", mode: 0o755 },
    { name: "etc/os-release", type: "reg", size: 10, mode: 0o644, modtime: "2026-01-02T03:04:05Z" },
    { name: "etc/os-release", type: "chunk", offset: 5 },
    { name: "etc/.wh.motd", type: "reg" },
    { name: "sh", type: "symlink", linkName: "busybox" },
  ],
};

/** An eStargz layer: the archive, the member with the table, and the footer that tells where that is. */
async function estargz(): Promise<{ bytes: Buffer; digest: string }> {
  const text = JSON.stringify(TABLE);
  const archive = gzipSync(await tarOf(MEMBERS));
  const table = gzipSync(await tarOf([file("stargz.index.json", text)]));
  const extra = Buffer.from(`SG\x16\x00${archive.length.toString(16).padStart(16, "0")}STARGZ`, "latin1");
  const footer = Buffer.concat([
    Buffer.from([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, extra.length, 0]),
    extra,
    Buffer.from([1, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]),
  ]);
  expect(footer.length).toBe(51);
  return { bytes: Buffer.concat([archive, table, footer]), digest: sha256(Buffer.from(text)) };
}

function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

test("an eStargz layer is listed by its table of contents, if that is the one that the manifest names", async () => {
  const { bytes, digest } = await estargz();
  const { contents, layer, names, reads } = contentsOf(bytes);
  const known = { ...layer, annotations: { "containerd.io/snapshot/stargz/toc.digest": digest } };
  expect(await names("", known)).toEqual(["etc", "sh"]);
  const { entries, index } = await contents.list(known, "etc", FIRST, NEVER);
  expect(index.reading).toMatchObject({ end: "whole", by: "table", entryCount: 4 });
  expect(entries.map(({ name, node }) => [name, node.type, node.modifiedAtMs])).toEqual([
    ["motd", "whiteout", null],
    ["os-release", "file", Date.UTC(2026, 0, 2, 3, 4, 5)],
  ]);
  expect(reads.whole).toBe(0);
  expect((await contents.text(known, "etc/os-release", NEVER)).text).toBe("ID=larder\n");

  const lying = contentsOf(bytes);
  const forged = { ...lying.layer, annotations: { "containerd.io/snapshot/stargz/toc.digest": digestOf("another") } };
  expect((await lying.contents.list(forged, "", FIRST, NEVER)).index.reading.by).toBe("archive");
});

test("a zstd:chunked layer is listed by its table of contents, and a position outside of it is none", async () => {
  const archive = zstdCompressSync(await tarOf(MEMBERS));
  const table = zstdCompressSync(Buffer.from(JSON.stringify(TABLE)));
  const bytes = Buffer.concat([archive, table]);
  const annotations = (position: string) => ({
    "io.github.containers.zstd-chunked.manifest-position": position,
    "io.github.containers.zstd-chunked.manifest-checksum": sha256(table),
  });
  for (const [position, by] of [
    [`${archive.length}:${table.length}:1000:1`, "table"],
    [`${archive.length}:${table.length + 1}:1000:1`, "archive"],
    [`-1:${table.length}:1000:1`, "archive"],
    ["", "archive"],
    ["a:b:c:d", "archive"],
  ] as const) {
    const { contents, layer } = contentsOf(bytes);
    const { index } = await contents.list({ ...layer, annotations: annotations(position) }, "", FIRST, NEVER);
    expect([position, index.reading.by]).toEqual([position, by]);
  }
});
