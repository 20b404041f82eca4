/** What an ACI unpacks to, against what umoci makes of the same image. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tarEntry } from "../lib/tar/tar-entry.ts";
import { convertImage } from "./convert/convert-image.ts";
import {
  collect,
  directory,
  file,
  hardLink,
  imageOf,
  type LayerEntry,
  layerTar,
  opaque,
  symlink,
  whiteout,
  writeLayout,
} from "./test-image.fixture.ts";

const missing = ["umoci", "actool", "python3", "tar"].filter((program) => Bun.which(program) === null);
const canUnpack = process.getuid?.() === 0 && missing.length === 0;
const folder = mkdtempSync(join(tmpdir(), "larder-aci-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(command: string[]): string {
  const result = Bun.spawnSync(command, { stdin: new Uint8Array() });
  if (!result.success) throw new Error(`${command.join(" ")}: ${result.stderr.toString()}${result.stdout.toString()}`);
  return result.stdout.toString();
}

/**
 * Lists a tree: type, mode, owner, time, device, link, xattrs, content; files with several names by their first one, but for
 * symlinks, which ACIs have several times instead.
 */
const LIST = `
import hashlib, json, os, stat, sys
root, inodes, found = os.fsencode(sys.argv[1]), {}, {}
def visit(path, name):
    s = os.lstat(path)
    kind = stat.S_IFMT(s.st_mode)
    entry = {"kind": kind, "mode": stat.S_IMODE(s.st_mode), "owner": [s.st_uid, s.st_gid], "mtime": s.st_mtime_ns}
    if stat.S_ISLNK(s.st_mode): entry["target"] = os.readlink(path).decode("latin1")
    if stat.S_ISREG(s.st_mode):
        with open(path, "rb") as f: entry["content"] = hashlib.sha256(f.read()).hexdigest()
    if kind in (stat.S_IFCHR, stat.S_IFBLK): entry["device"] = s.st_rdev
    entry["xattrs"] = {k: os.getxattr(path, k, follow_symlinks=False).hex() for k in sorted(os.listxattr(path, follow_symlinks=False))}
    if kind not in (stat.S_IFDIR, stat.S_IFLNK): entry["first"] = inodes.setdefault((s.st_dev, s.st_ino), name)
    found[name] = entry
    if kind == stat.S_IFDIR:
        for child in sorted(os.listdir(path)): visit(os.path.join(path, child), name + "/" + child.decode("latin1"))
visit(root, "")
print(json.dumps(found))
`;

type Listing = Record<string, { kind: number; mtime: number } & Record<string, unknown>>;
const list = (path: string): Listing => JSON.parse(run(["python3", "-c", LIST, path]));

const options = {
  origin: {
    name: "example.com/test",
    version: "1",
    originalName: "example.com/test:1",
    registry: "example.com",
    repository: "test",
  },
  compression: "gzip",
  signal: new AbortController().signal,
} as const;

/**
 * `timeless`: directories that umoci leaves with the time of unpacking: those that no layer lists, the ones in which it
 * made such, and those out of which it took something for a whiteout that comes after their own entry.
 */
async function compare(layers: readonly (readonly LayerEntry[])[], timeless: readonly string[] = []): Promise<Listing> {
  return compareTars(await Promise.all(layers.map(layerTar)), timeless);
}

async function compareTars(tars: readonly Buffer[], timeless: readonly string[] = []): Promise<Listing> {
  const at = mkdtempSync(join(folder, "case-"));
  writeLayout(join(at, "layout"), tars);
  run(["umoci", "unpack", "--image", `${join(at, "layout")}:test`, join(at, "bundle")]);
  const expected = list(join(at, "bundle/rootfs"));
  for (const unpacker of ["tar", "bsdtar"].filter((program) => Bun.which(program) !== null)) {
    const ours = await unpackAci(tars, unpacker);
    if (expected["/dev"] === undefined) delete ours["/dev"];
    for (const path of timeless)
      for (const tree of [ours, expected]) if (tree[path] !== undefined) tree[path].mtime = 0;
    expect(ours).toEqual(expected);
  }
  return expected;
}

/** Converts, validates and unpacks; the standard streams that ACIs have in addition are left out. */
async function unpackAci(tars: readonly Buffer[], unpacker: string): Promise<Listing> {
  const at = mkdtempSync(join(folder, "aci-"));
  const aci = await convertImage(imageOf(tars), options);
  const aciFile = join(at, "image.aci");
  writeFileSync(aciFile, await collect(aci.bytes));
  run(["actool", "validate", aciFile]);
  const xattrs = unpacker === "tar" ? ["--xattrs-include=*"] : [];
  run([unpacker, "--xattrs", ...xattrs, "-xpf", aciFile, "-C", at]);
  const ours = list(join(at, "rootfs"));
  for (const name of ["stdin", "stdout", "stderr", "fd"]) delete ours[`/dev/${name}`];
  return ours;
}

const T = { seconds: 1_500_000_000, nanoseconds: 123_456_789 };
const root = directory("./", { modifiedAt: T, mode: 0o755 });
const base: LayerEntry[] = [
  root,
  directory("etc/", { modifiedAt: T, mode: 0o750, uid: 7, gid: 8 }),
  file("etc/a", "lower a", { modifiedAt: T, mode: 0o4711, uid: 1000, gid: 1001, userName: "daemon", groupName: "bin" }),
  file("etc/b", "lower b"),
  directory("var"),
  directory("var/lib", { mode: 0o1777 }),
  file("var/lib/x", "lower x"),
  file("var/lib/y", "lower y"),
  directory("var/lib/deep"),
  file("var/lib/deep/z", "lower z"),
  symlink("lib", "usr/lib", { modifiedAt: T }),
  directory("usr"),
  directory("usr/lib"),
  file("usr/lib/so", "so"),
  hardLink("etc/hard", "etc/a"),
];

describe.skipIf(!canUnpack)("the root file system in an ACI equals umoci's", () => {
  test("for one layer with one of everything", async () => {
    const xattrs = new Map([
      ["user.note", Buffer.from([0, 10, 61, 255])],
      ["security.capability", Buffer.from("0100000200200000000000000000000000000000", "hex")],
    ]);
    await compare(
      [
        [
          ...base,
          file("etc/caps", "caps", { xattrs, mode: 0o755 }),
          directory("etc/attributed", { xattrs: new Map([["user.dir", Buffer.from("d")]]), modifiedAt: T }),
          {
            entry: tarEntry("etc/null", "character-device", { deviceMajor: 1, deviceMinor: 3, mode: 0o666 }),
            content: "",
          },
          { entry: tarEntry("etc/disk", "block-device", { deviceMajor: 8, deviceMinor: 1 }), content: "" },
          { entry: tarEntry("etc/pipe", "fifo", { mode: 0o600 }), content: "" },
          file(`etc/${"long".repeat(30)}/${"name".repeat(40)}`, "long"),
          file("etc/ünïcode", "u"),
          file("etc/\udcff\udcfe", "bytes"),
          symlink("etc/out", "../../../../etc/passwd"),
          symlink("etc/far", "/far".repeat(50)),
        ],
      ],
      ["/etc", `/etc/${"long".repeat(30)}`],
    );
  });

  test("for plain whiteouts of a file, a directory and a name that is not there", async () => {
    const found = await compare([
      base,
      [whiteout("etc/a"), whiteout("var/lib"), whiteout("etc/nothing"), whiteout("no/way")],
    ]);
    expect([found["/etc/a"], found["/var/lib"]]).toEqual([undefined, undefined]);
    expect(found["/etc/hard"]).toBeDefined();
  });

  test("for whiteouts of what the same layer adds, before it and behind it", async () => {
    const entries = [
      whiteout("etc/a"),
      file("etc/a", "new a"),
      whiteout("var/lib"),
      directory("var/lib"),
      file("var/lib/new"),
    ];
    for (const top of [
      entries,
      [directory("var/lib"), file("var/lib/new"), whiteout("var/lib"), file("etc/a"), whiteout("etc/a")],
    ]) {
      const found = await compare([base, top], top === entries ? [] : ["/var/lib"]);
      expect(Object.keys(found)).toContain("/etc/a");
      expect(Object.keys(found).filter((path) => path.startsWith("/var/lib/"))).toEqual(["/var/lib/new"]);
    }
  });

  test("for opaque directories, before and behind what they add", async () => {
    const entries = [
      opaque("var/lib"),
      directory("var/lib", { mode: 0o700, modifiedAt: T }),
      file("var/lib/new"),
      directory("var/lib/deep", { mode: 0o710 }),
      file("var/lib/deep/w"),
      directory("var/lib/empty", { mode: 0o701 }),
    ];
    for (const top of [entries, entries.toReversed()]) {
      const found = await compare([base, top], top === entries ? [] : ["/var/lib", "/var/lib/deep"]);
      expect(Object.keys(found).filter((path) => path.startsWith("/var/lib/"))).toEqual([
        "/var/lib/deep",
        "/var/lib/deep/w",
        "/var/lib/empty",
        "/var/lib/new",
      ]);
    }
  });

  test("for an opaque root, and an opaque directory that only implies a lower one", async () => {
    await compare([base, [opaque(""), file("only")]]);
    await compare([base, [opaque("var"), file("var/lib/deep/new")]], ["/var", "/var/lib", "/var/lib/deep"]);
  });

  test("for directories replaced by files and symlinks, and back", async () => {
    await compare([
      base,
      [file("var/lib", "now a file"), symlink("usr", "var")],
      [directory("var/lib"), file("var/lib/q"), directory("usr")],
    ]);
    await compare([base, [directory("lib", { modifiedAt: T }), file("lib/own", "not in usr")]]);
  });

  test("for hard links whose file is removed, replaced, or in a lower layer", async () => {
    const found = await compare([
      [...base, hardLink("etc/hard2", "./etc/hard")],
      [whiteout("etc/a"), hardLink("var/b1", "/etc/b")],
      [file("etc/b", "new b"), hardLink("var/b2", "var/b1"), hardLink("etc/soft", "lib")],
    ]);
    expect(found["/etc/hard2"]).toMatchObject({ first: "/etc/hard" });
    expect(found["/var/b2"]).toMatchObject({ first: "/var/b1" });
    expect(found["/etc/soft"]).toMatchObject({ target: "usr/lib" });
  });

  test("for entries that lead through symlinks, absolute and looping upwards ones too", async () => {
    const links = [symlink("abs", "/usr"), symlink("up", "../../../usr/./lib"), symlink("usr/back", "../etc")];
    const found = await compare([
      [...base, ...links],
      [file("lib/through", "t"), file("abs/lib/through2", "t2"), file("up/through3", "t3"), file("usr/back/c", "c")],
      [whiteout("lib/so"), whiteout("abs/lib/through2"), hardLink("linked", "up/through3")],
    ]);
    expect(found["/usr/lib/through"]).toBeDefined();
    expect(found["/usr/lib/so"]).toBeUndefined();
    expect(found["/etc/c"]).toBeDefined();
  });

  test("for paths in all spellings, directories listed again, and parents that are never listed", async () => {
    await compare(
      [
        [
          file("./a/b/c", "1"),
          file("/abs", "2"),
          directory("d///"),
          directory("./d", { mode: 0o711 }),
          file("a//./b/e", "3"),
        ],
        [directory("a/b/", { mode: 0o700 }), file("x/y/z", "4")],
      ],
      ["", "/a", "/a/b", "/x", "/x/y"],
    );
  });

  test("for a layer that touches a directory's metadata alone", async () => {
    await compare([base, [directory("var/lib", { mode: 0o500, uid: 3, gid: 4, modifiedAt: T })], [root]]);
  });

  test("for layers that GNU tar wrote in its own formats, sparse files among them", async () => {
    const tree = mkdtempSync(join(folder, "tree-"));
    const shell = [
      "mkdir -p d; truncate -s 3M d/sparse; printf middle | dd of=d/sparse bs=1 seek=1500000 conv=notrunc status=none",
      "truncate -s 100K d/hole; printf data > d/file; ln d/file d/link; chown 3000000:4 d/file",
      `mkdir -p d/${"n".repeat(90)}/${"m".repeat(90)}; printf x > d/${"n".repeat(90)}/${"m".repeat(90)}/x`,
      "find . -exec touch -h -d @1500000000 {} +",
    ];
    run(["bash", "-ec", `cd "$0"; ${shell.join("; ")}`, tree]);
    const pack = (...flags: string[]) => Bun.spawnSync(["tar", "-S", ...flags, "-C", tree, "-cf", "-", "."]).stdout;
    const found = await compareTars([pack("--format=pax")]);
    expect(found["/d/link"]).toMatchObject({ first: "/d/file" });
    await compareTars([pack("--format=pax", "--sparse-version=0.1")]);
    // umoci knows no old GNU sparse files; the same tree must come of them.
    const { "/dev": _, ...old } = await unpackAci([pack("--format=gnu")], "tar");
    expect(old).toEqual(found);
  });
});
