import { expect, test } from "bun:test";
import fc from "fast-check";
import { Turns } from "../../lib/async/turns.ts";
import { type LayerEntry, LayerTree } from "./layer-tree.ts";

const FILE: LayerEntry = {
  type: "file",
  sizeBytes: 1,
  mode: 0o644,
  uid: 0,
  gid: 0,
  modifiedAtMs: 0,
  linkTarget: null,
  at: 0,
};
const FOLDER: LayerEntry = { ...FILE, type: "directory", sizeBytes: 0, mode: 0o755 };
const work = () => new Turns().begin();
const FIRST = { after: null, limit: 1000 };

async function namesIn(tree: LayerTree, folder: string, page = FIRST) {
  const found = await tree.list(folder, page, work());
  return found?.entries.map(({ name }) => name) ?? null;
}

test("paths make folders, however they are spelled, and what leads outside is seen", async () => {
  const tree = new LayerTree();
  for (const path of ["./usr/bin/env", "/etc/passwd", "../../etc/shadow", "usr//lib/./x", "./", "usr/bin/"]) {
    tree.add(path, path.endsWith("/") ? FOLDER : FILE);
  }
  expect(await namesIn(tree, "")).toEqual(["..", "etc", "usr"]);
  expect(await namesIn(tree, "/usr/")).toEqual(["bin", "lib"]);
  expect(await namesIn(tree, "usr/bin")).toEqual(["env"]);
  expect(await namesIn(tree, "../../etc")).toEqual(["shadow"]);
  expect(tree.find("usr")).toMatchObject({ type: "directory", mode: null });
  expect(tree.find("usr/bin")).toMatchObject({ type: "directory", mode: 0o755 });
  expect(await namesIn(tree, "usr/bin/env")).toBeNull();
  expect(await namesIn(tree, "nowhere")).toBeNull();
});

test("whiteouts are what they remove, and an opaque folder hides what is below", async () => {
  const tree = new LayerTree();
  const whiteouts = ["etc/.wh.motd", ".wh.srv", "var/.wh..wh..opq", "etc/passwd"].map((path) =>
    tree.addWhiteout(path, 0),
  );
  expect(whiteouts).toEqual([true, true, true, false]);
  expect(tree.find("etc/motd")?.type).toBe("whiteout");
  expect(tree.find("srv")?.type).toBe("whiteout");
  expect(await tree.list("var", FIRST, work())).toMatchObject({ folder: { isOpaque: true }, entries: [] });
});

test("the last entry of a path counts, and a folder keeps what it has", () => {
  const tree = new LayerTree();
  tree.add("a", FILE);
  tree.add("a", { ...FILE, sizeBytes: 7, at: 3 });
  expect(tree.find("a")).toMatchObject({ sizeBytes: 7, at: 3 });
  tree.add("b/c", FILE);
  tree.add("b", { ...FOLDER, mode: 0o700 });
  expect(tree.find("b/c")).not.toBeNull();
  expect(tree.find("b")?.mode).toBe(0o700);
  tree.add("a/inside", FILE);
  expect(tree.find("a")?.type).toBe("directory");
  tree.add("b", FILE);
  expect(tree.find("b/c")).toBeNull();
});

test("names that no file system has are passed over, and a tree grows no further than its bounds", () => {
  const tree = new LayerTree({ nodes: 3, characters: 100 });
  tree.add("x".repeat(5000), FILE);
  tree.add("d/".repeat(200), FOLDER);
  tree.addWhiteout(`${"d/".repeat(200)}.wh.x`, 0);
  expect([tree.passedOver, tree.nodeCount, tree.isFull]).toEqual([3, 0, false]);
  tree.add("a/b/c", FILE);
  expect([tree.nodeCount, tree.isFull]).toEqual([3, true]);
  const texts = new LayerTree({ nodes: 1000, characters: 100 });
  texts.add("a", { ...FILE, type: "symlink", linkTarget: "y".repeat(200) });
  expect(texts.isFull).toBe(true);
});

const name = fc.constantFrom("a", "b", "ü", "\u202e", "x y", "\u0001", "..", "constructor", "__proto__");
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join("/"));

test("what was added is found by its path, and pages are the whole, in order, whatever their size", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(path, { maxLength: 40 }), fc.integer({ min: 1, max: 5 }), async (paths, limit) => {
      const tree = new LayerTree();
      const files = paths.filter((one) => !paths.some((other) => other.startsWith(`${one}/`)));
      for (const one of files) tree.add(one, FILE);
      for (const one of files) expect(tree.find(one)?.type).toBe("file");
      const expected = [...new Set(files.map((one) => one.split("/")[0] ?? ""))].sort();
      const listed: string[] = [];
      for (let after: string | null = null; ; ) {
        const found: Awaited<ReturnType<LayerTree["list"]>> = await tree.list("", { after, limit }, work());
        listed.push(...(found?.entries.map(({ name }) => name) ?? []));
        if (found?.next == null) break;
        after = found.next;
      }
      expect(listed).toEqual(expected);
    }),
    { numRuns: 200 },
  );
});
