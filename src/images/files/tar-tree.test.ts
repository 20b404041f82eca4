import { expect, test } from "bun:test";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tarEntry, type TarEntryType, type TarMember } from "../../lib/tar/tar-entry.ts";
import { encodeMemberHead } from "../../lib/tar/encode-member-head.ts";
import { writeTar } from "../../lib/tar/write-tar.ts";
import { readWhole } from "./file-tree.ts";
import { openTarTree } from "./tar-tree.ts";
import { tarOf } from "../test-image.fixture.ts";

async function treeOf(archive: Uint8Array) {
  const folder = await mkdtemp(join(tmpdir(), "larder-tar-"));
  await Bun.write(join(folder, "a.tar"), archive);
  const handle = await open(join(folder, "a.tar"), "r");
  await rm(folder, { recursive: true });
  return openTarTree(handle, "docker-archive:a.tar").catch(async (error) => {
    await handle.close();
    throw error;
  });
}

async function archiveOf(members: readonly TarMember[]): Promise<Uint8Array> {
  return Buffer.concat(await Array.fromAsync(writeTar(members)));
}

function link(path: string, linkTarget: string, type: TarEntryType = "symlink"): TarMember {
  return { entry: tarEntry(path, type, { linkTarget }), body: null };
}

function file(path: string): TarMember {
  return { entry: tarEntry(path, "file"), body: null };
}

async function text(archive: Uint8Array, path: string): Promise<string | null> {
  const tree = await treeOf(archive);
  try {
    const bytes = await readWhole(tree, path, 1000);
    return bytes === null ? null : new TextDecoder().decode(bytes);
  } finally {
    await tree.close();
  }
}

test("members are found by their path, whatever way it is written", async () => {
  const archive = await tarOf({ "./a/one.txt": "1", "b//two.txt": "2", [`${"long/".repeat(60)}x`]: "3", empty: "" });
  expect(await text(archive, "a/one.txt")).toBe("1");
  expect(await text(archive, "b/two.txt")).toBe("2");
  expect(await text(archive, `${"long/".repeat(60)}x`)).toBe("3");
  expect(await text(archive, "empty")).toBe("");
  expect(await text(archive, "a")).toBeNull();
  expect(await text(archive, "missing")).toBeNull();
});

test("a member can be read from anywhere inside it", async () => {
  const tree = await treeOf(await tarOf({ first: "x".repeat(1000), second: "0123456789" }));
  const file = await tree.open("second");
  const pieces = await Array.fromAsync((await file?.stream(4)) ?? []);
  await tree.close();
  expect(Buffer.concat(pieces).toString()).toBe("456789");
});

test("links are followed inside of the archive", async () => {
  const files = await tarOf({ "x/layer.tar": "layer" });
  const links = await archiveOf([
    link("y/layer.tar", "../x/layer.tar"),
    link("z", "y/layer.tar"),
    link("hard", "z", "hardlink"),
  ]);
  // The end of an archive is two blocks of zeros.
  const archive = Buffer.concat([files.subarray(0, -1024), links]);
  expect(await text(archive, "y/layer.tar")).toBe("layer");
  expect(await text(archive, "z")).toBe("layer");
  expect(await text(archive, "hard")).toBe("layer");
});

test("links that go in a circle cannot be read", async () => {
  const archive = await archiveOf([link("a", "b"), link("b", "a")]);
  await expect(text(archive, "a")).rejects.toThrow(/round in a circle/);
});

const refused: readonly [string, TarMember, RegExp][] = [
  ["a path that climbs out", file("../../etc/cron.d/x"), /the path "..\/..\/etc\/cron.d\/x" leads out of the archive/],
  ["an absolute path", file("/etc/cron.d/x"), /the path "\/etc\/cron.d\/x" leads out/],
  [
    "a link that climbs out",
    link("x/layer.tar", "../../etc/passwd"),
    /the link "x\/layer.tar" to "..\/..\/etc\/passwd" leads out/,
  ],
  ["an absolute link", link("layer.tar", "/etc/passwd"), /to "\/etc\/passwd" leads out/],
  ["a hard link that climbs out", link("a/b/c", "../x", "hardlink"), /to "..\/x" leads out/],
  ["a device", { entry: tarEntry("dev", "block-device", { deviceMajor: 8 }), body: null }, /"dev" is a block-device/],
  ["a fifo", { entry: tarEntry("pipe", "fifo"), body: null }, /"pipe" is a fifo/],
];

for (const [what, member, message] of refused) {
  test(`an archive with ${what} is refused`, async () => {
    await expect(treeOf(await archiveOf([member]))).rejects.toThrow(message);
  });
}

test("a truncated archive is refused, wherever it ends", async () => {
  const archive = await tarOf({ one: "1".repeat(2000), two: "2".repeat(2000) });
  for (const length of [100, 600, 1500, 3000, 4500]) {
    await expect(treeOf(archive.subarray(0, length))).rejects.toThrow(/cannot be read/);
  }
});

test("a member that says it is larger than the file is refused before anything is read", async () => {
  const archive = encodeMemberHead(tarEntry("big", "file", { size: 2 ** 42 }));
  await expect(treeOf(archive)).rejects.toThrow(/"big" has 4398046511104 bytes, of which 0 are there/);
});

test("what is no tar is refused", async () => {
  await expect(treeOf(new TextEncoder().encode("7".repeat(3000)))).rejects.toThrow(/not a tar header/);
});
