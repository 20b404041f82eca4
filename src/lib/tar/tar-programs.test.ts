/** Checks against GNU tar and bsdtar, in both directions. */
import { afterAll, describe, expect, test } from "bun:test";
import { requirement } from "../../../test/requirement.ts";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readTar } from "./read-tar.ts";
import { type TarEntry, type TarMember, tarEntry } from "./tar-entry.ts";
import { writeTar } from "./write-tar.ts";

const isRoot = process.getuid?.() === 0;
const folder = mkdtempSync(join(tmpdir(), "larder-tar-"));
afterAll(() => rmSync(folder, { recursive: true }));

function run(command: string[], input?: Uint8Array): Buffer {
  const stdin = (input ?? new Uint8Array()) as Uint8Array<ArrayBuffer>;
  const result = Bun.spawnSync(command, { stdin, env: { ...process.env, LC_ALL: "C.UTF-8" } });
  if (!result.success) throw new Error(`${command.join(" ")}: ${result.stderr.toString()}`);
  return result.stdout;
}

async function collect(source: AsyncIterable<Uint8Array> | null): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  if (source !== null) for await (const part of source) parts.push(part);
  return Buffer.concat(parts);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

type Found = { entry: TarEntry; hash: bigint; content: Buffer };

async function readAll(archive: Uint8Array): Promise<Map<string, Found>> {
  const found = new Map<string, Found>();
  for await (const { entry, body } of readTar(once(archive))) {
    const content = await collect(body);
    found.set(entry.path.replace(/\/$/, ""), { entry, content, hash: Bun.hash.xxHash64(content) });
  }
  return found;
}

const long = `${"long-directory-name-that-goes-on/".repeat(8)}file`;
const hasNode = isRoot && Bun.which("mknod") !== null;

/** A tree with one of everything. */
function makeTree(): string {
  const tree = mkdtempSync(join(folder, "tree-"));
  mkdirSync(join(tree, long, ".."), { recursive: true });
  writeFileSync(join(tree, long), "deep");
  writeFileSync(join(tree, "plain"), "plain content");
  writeFileSync(join(tree, "ünïcode"), "u");
  const shell = [
    "ln plain hard && ln -s plain soft && ln -s /absolute/$(printf %0150d 1) far && mkfifo fifo && mkdir empty",
    isRoot ? "mknod null c 1 3 && mknod disk b 259 65537 && chown 3000000:4000000 plain" : "true",
    "touch -d '2001-02-03 04:05:06.789012345 UTC' plain && chmod 4711 plain && touch -d '1969-12-31 23:59:58.25 UTC' ünïcode",
    "truncate -s 5M sparse && printf start | dd of=sparse conv=notrunc status=none",
    "printf middle | dd of=sparse bs=1 seek=2500000 conv=notrunc status=none",
    "truncate -s 300K holes && truncate -s 3M dots",
    "for i in $(seq 0 30); do printf dot | dd of=dots bs=1 seek=$((i * 90000)) conv=notrunc status=none; done",
  ];
  run(["bash", "-ec", `cd "$0"; ${shell.join("; ")}`, tree]);
  if (isRoot) {
    const setXattr =
      "import os,sys; os.setxattr(sys.argv[1], 'user.note', b'a=b\\n\\x00\\xff'); os.setxattr(sys.argv[1], 'trusted.t', b't')";
    run(["python3", "-c", setXattr, join(tree, "plain")]);
  }
  return tree;
}

const tree = makeTree();

describe("archives that GNU tar writes", () => {
  const formats: readonly (readonly [string, string[]])[] = [
    ["gnu", ["--format=gnu"]],
    ["gnu, sparse", ["--format=gnu", "-S"]],
    ["pax", ["--format=pax"]],
    ["pax, sparse 0.0", ["--format=pax", "-S", "--sparse-version=0.0"]],
    ["pax, sparse 0.1", ["--format=pax", "-S", "--sparse-version=0.1"]],
    ["pax, sparse 1.0", ["--format=pax", "-S", "--sparse-version=1.0"]],
  ];
  for (const [name, flags] of formats) {
    test(`are read right: ${name}`, async () => {
      const isPax = name.startsWith("pax");
      const xattrFlags = isPax && isRoot ? ["--xattrs", "--xattrs-include=*"] : [];
      const archive = run(["tar", "-C", tree, ...flags, ...xattrFlags, "-cf", "-", "."]);
      const found = await readAll(archive);
      const entry = (path: string) => found.get(`./${path}`)?.entry;
      const names = [long, "plain", "hard", "soft", "far", "fifo", "empty", "ünïcode", "sparse", "holes", "dots"];
      for (const path of names) expect([path, entry(path) !== undefined]).toEqual([path, true]);
      for (const path of ["sparse", "holes", "dots", "ünïcode", long]) {
        expect(found.get(`./${path}`)?.hash).toBe(Bun.hash.xxHash64(readFileSync(join(tree, path))));
      }
      const [first, second] = [entry("plain"), entry("hard")].sort((a) => (a?.type === "file" ? -1 : 1));
      expect(first).toMatchObject({ type: "file", mode: 0o4711, size: 13 });
      expect(second).toMatchObject({ type: "hardlink", linkTarget: first?.path ?? "" });
      expect(entry("far")).toMatchObject({ type: "symlink", linkTarget: `/absolute/${"1".padStart(150, "0")}` });
      expect(entry("fifo")?.type).toBe("fifo");
      const fraction = (nanoseconds: number) => (isPax ? nanoseconds : 0);
      expect(first?.modifiedAt).toEqual({ seconds: 981173106, nanoseconds: fraction(789012345) });
      expect(entry("ünïcode")?.modifiedAt).toEqual({ seconds: -2, nanoseconds: fraction(250_000_000) });
      if (!isRoot) return;
      expect(first).toMatchObject({ uid: 3000000, gid: 4000000 });
      expect(entry("disk")).toMatchObject({ type: "block-device", deviceMajor: 259, deviceMinor: 65537 });
      if (isPax) {
        const xattrs = [...(first?.xattrs ?? [])].map(([key, value]) => [key, Buffer.from(value).toString("latin1")]);
        expect(xattrs.sort(([a], [b]) => ((a ?? 0) < (b ?? 0) ? -1 : 1))).toEqual([
          ["trusted.t", "t"],
          ["user.note", "a=b\n\0\xff"],
        ]);
      }
    });
  }

  test("are read right: old v7, with names that fit", async () => {
    const found = await readAll(run(["tar", "-C", tree, "--format=v7", "-cf", "-", "soft", "empty"]));
    expect(found.get("soft")?.entry).toMatchObject({ type: "symlink", linkTarget: "plain" });
    expect(found.get("empty")?.entry.type).toBe("directory");
  });
});

describe.skipIf(!requirement("bsdtar").met)("archives that bsdtar writes", () => {
  for (const format of ["pax", "ustar", "gnutar"]) {
    test(`are read right: ${format}`, async () => {
      const names = ["dots", "empty", "soft", "sparse", ...(format === "ustar" ? [] : ["hard", "plain"])];
      const found = await readAll(run(["bsdtar", "-C", tree, "--format", format, "-cf", "-", ...names]));
      expect([...found.keys()].sort()).toEqual(names.sort());
      for (const path of ["sparse", "dots"]) {
        expect(found.get(path)?.hash).toBe(Bun.hash.xxHash64(readFileSync(join(tree, path))));
      }
    });
  }
});

const CONTENT = Buffer.from("content\n");
const members: TarMember[] = [
  { entry: tarEntry("dir", "directory", { mode: 0o1777 }), body: null },
  {
    entry: tarEntry(`dir/${"n".repeat(120)}`, "file", { size: CONTENT.length, mode: 0o4755, uid: 3000000, gid: 5 }),
    body: once(CONTENT),
  },
  {
    entry: tarEntry("dir/ünïcode", "file", {
      size: CONTENT.length,
      modifiedAt: { seconds: 981173106, nanoseconds: 789012345 },
      xattrs: new Map([["user.note", Buffer.from("a=b\n\0\xff", "latin1")]]),
    }),
    body: once(CONTENT),
  },
  { entry: tarEntry("dir/\udcff", "file", { size: CONTENT.length }), body: once(CONTENT) },
  { entry: tarEntry("dir/hard", "hardlink", { linkTarget: `dir/${"n".repeat(120)}` }), body: null },
  { entry: tarEntry("dir/far", "symlink", { linkTarget: "/t".repeat(80) }), body: null },
  { entry: tarEntry("dir/fifo", "fifo", { mode: 0o600 }), body: null },
  { entry: tarEntry("dir/null", "character-device", { deviceMajor: 1, deviceMinor: 3 }), body: null },
];

const archiveBytes = await collect(writeTar(members));

for (const program of ["tar", "bsdtar"]) {
  describe.skipIf(!hasNode || !requirement(program).met)(`what is written, unpacked by ${program}`, () => {
    test("is what was meant", () => {
      const out = mkdtempSync(join(folder, "out-"));
      run(
        [
          program,
          "--xattrs",
          ...(program === "tar" ? ["--xattrs-include=*"] : []),
          "--numeric-owner",
          "-C",
          out,
          "-xpf",
          "-",
        ],
        archiveBytes,
      );
      const stat = (path: string) => statSync(join(out, path), { bigint: true });
      expect(Number(stat("dir").mode & 0o7777n)).toBe(0o1777);
      const setuid = stat(`dir/${"n".repeat(120)}`);
      expect([Number(setuid.mode & 0o7777n), setuid.uid, setuid.gid, setuid.nlink]).toEqual([0o4755, 3000000n, 5n, 2n]);
      expect(setuid.ino).toBe(stat("dir/hard").ino);
      expect(stat("dir/ünïcode").mtimeNs).toBe(981173106789012345n);
      expect(readFileSync(join(out, "dir/ünïcode"))).toEqual(CONTENT);
      const names = readdirSync(join(out, "dir"), { encoding: "buffer" }).map((name) => name.toString("hex"));
      expect(names).toContain("ff");
      const script = "import os,sys; sys.stdout.write(os.getxattr(sys.argv[1], 'user.note').hex())";
      expect(run(["python3", "-c", script, join(out, "dir/ünïcode")]).toString()).toBe("613d620a00ff");
      expect(run(["readlink", join(out, "dir/far")]).toString()).toBe(`${"/t".repeat(80)}\n`);
      expect(run(["stat", "-c", "%F %t %T", join(out, "dir/null")]).toString()).toBe("character special file 1 3\n");
    });
  });
}

test("a file of 9 GiB is written and read with its size, holes and all streamed", async () => {
  const size = 9 * 2 ** 30;
  const chunk = new Uint8Array(1 << 20);
  const zeros = async function* () {
    for (let left = size; left > 0; left -= chunk.length) yield chunk;
  };
  let read = 0;
  const archive = writeTar([{ entry: tarEntry("huge", "file", { size }), body: zeros() }]);
  for await (const { entry, body } of readTar(archive)) {
    expect(entry.size).toBe(size);
    for await (const part of body ?? []) read += part.length;
  }
  expect(read).toBe(size);
});
