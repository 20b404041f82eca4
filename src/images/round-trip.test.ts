import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, rename, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Digest } from "../oci/digest.ts";
import { type TestImage, testImage, testIndex, writeLayout } from "./test-image.fixture.ts";
import { copyEverything, openFileSink, openFileSource } from "./transports.fixture.ts";

let folder: string;
let single: TestImage;
let index: TestImage;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-round-"));
  const [amd64, arm64] = [
    { os: "linux", architecture: "amd64" },
    { os: "linux", architecture: "arm64" },
  ];
  const shared = "shared between images ".repeat(10_000);
  single = await testImage([shared, "only here"], amd64);
  const other = await testImage([shared, "arm"], arm64);
  index = testIndex([
    { image: single, platform: amd64 },
    { image: other, platform: arm64 },
  ]);
  await writeLayout(join(folder, "single"), [{ image: single, name: "quay.io/team/app:1" }]);
  await writeLayout(join(folder, "index"), [{ image: index, name: "quay.io/team/app:1" }]);
  await writeLayout(join(folder, "several"), [
    { image: single, name: "quay.io/team/one:1" },
    { image: index, name: "quay.io/team/two:1" },
    { image: single, name: "quay.io/team/three:1" },
  ]);
});
afterAll(() => rm(folder, { recursive: true }));

const open = (text: string) => openFileSource(text, folder);

async function through(from: string, to: string): Promise<readonly [string | null, Digest][]> {
  await copyEverything(open(`oci:${join(folder, from)}`), openFileSink(to));
  const back = join(folder, `back-${crypto.randomUUID()}`);
  const copied = await copyEverything(open(to), openFileSink(`oci:${back}`));
  return copied.map(({ name, digest }) => [name, digest]);
}

for (const transport of ["oci", "oci-archive", "docker-archive", "dir"]) {
  const name = transport === "dir" ? null : "quay.io/team/app:1";
  test(`an image goes into ${transport}: and out again with its digest`, async () => {
    expect(await through("single", `${transport}:${join(folder, `${transport}-single`)}`)).toEqual([
      [name, single.root.digest],
    ]);
  });

  test(`an image for several platforms goes into ${transport}: and out again whole`, async () => {
    expect(await through("index", `${transport}:${join(folder, `${transport}-index`)}`)).toEqual([
      [name, index.root.digest],
    ]);
  });
}

for (const transport of ["oci", "oci-archive", "docker-archive"]) {
  test(`several images go into ${transport}: and out again under their names`, async () => {
    const images = await through("several", `${transport}:${join(folder, `${transport}-several`)}`);
    expect(new Map(images)).toEqual(
      new Map([
        ["quay.io/team/one:1", single.root.digest],
        ["quay.io/team/two:1", index.root.digest],
        ["quay.io/team/three:1", single.root.digest],
      ]),
    );
  });

  test(`the name that ${transport}: is given is the one that finds the image`, async () => {
    const path = join(folder, `${transport}-named`);
    await copyEverything(
      open(`oci:${join(folder, "single")}`),
      openFileSink(`${transport}:${path}:example.com/mine:2`),
    );
    const images = async (label: string) => {
      const source = await open(`${transport}:${path}:${label}`);
      return source.images().finally(() => source.close());
    };
    expect(await images("example.com/mine:2")).toMatchObject([
      { name: "example.com/mine:2", digest: single.root.digest },
    ]);
    await expect(images("example.com/other:2")).rejects.toThrow(
      /has no image "example.com\/other:2": it has example.com\/mine:2/,
    );
  });
}

test("the same images make the same archive", async () => {
  for (const name of ["a.tar", "b.tar"]) {
    await copyEverything(open(`oci:${join(folder, "several")}`), openFileSink(`docker-archive:${join(folder, name)}`), {
      jobs: 1,
    });
  }
  const [a, b] = await Promise.all(["a.tar", "b.tar"].map((name) => Bun.file(join(folder, name)).bytes()));
  expect(Buffer.from(a ?? []).equals(Buffer.from(b ?? [1]))).toBe(true);
});

test("an image put into a layout leaves the others there, and takes the place of the one of its name", async () => {
  const path = join(folder, "grown");
  await copyEverything(open(`oci:${join(folder, "single")}`), openFileSink(`oci:${path}:a`));
  await copyEverything(open(`oci:${join(folder, "index")}`), openFileSink(`oci:${path}:b`));
  await copyEverything(open(`oci:${join(folder, "index")}`), openFileSink(`oci:${path}:a`));
  const images = await (await open(`oci:${path}`)).images();
  expect(images.map(({ name, digest }) => [name, digest])).toEqual([
    ["b", index.root.digest],
    ["a", index.root.digest],
  ]);
});

test("a dir: takes one image, and a directory of its own", async () => {
  const path = join(folder, "one-only");
  await expect(copyEverything(open(`oci:${join(folder, "several")}`), openFileSink(`dir:${path}`))).rejects.toThrow(
    "holds one image",
  );
  await expect(openFileSink(`dir:${folder}`)).rejects.toThrow("is not empty");
});

test("a manifest that is damaged in a dir: is an error", async () => {
  const path = join(folder, "damaged-dir");
  await copyEverything(open(`oci:${join(folder, "index")}`), openFileSink(`dir:${path}`));
  const file = Bun.file(join(path, `${single.root.digest.slice("sha256:".length)}.manifest.json`));
  await file.write(`${await file.text()} `);
  const copy = copyEverything(open(`dir:${path}`), openFileSink(`oci:${join(folder, "never")}`));
  await expect(copy).rejects.toThrow(`the manifest ${single.root.digest} of dir:${path} is damaged`);
});

test("an archive that fails to be written leaves the old one, and nothing else", async () => {
  const [source, target] = [join(folder, "broken"), join(folder, "kept")];
  await writeLayout(source, [{ image: single, name: "x" }]);
  await Bun.write(join(target, "a.tar"), "the old one");
  const layer = [...single.files.keys()][1] ?? "";
  await Bun.write(join(source, "blobs", "sha256", layer.slice(7)), "damaged");
  await expect(
    copyEverything(open(`oci:${source}`), openFileSink(`oci-archive:${join(target, "a.tar")}`)),
  ).rejects.toThrow();
  expect(await Bun.file(join(target, "a.tar")).text()).toBe("the old one");
  expect(await readdir(target)).toEqual(["a.tar"]);
});

test.each(["oci", "dir"])("a %s: that fails to be written stays as it was, or is not there", async (transport) => {
  const source = join(folder, `broken-for-${transport}`);
  await writeLayout(source, [{ image: single, name: "x" }]);
  const layer = [...single.files.keys()][1] ?? "";
  await Bun.write(join(source, "blobs", "sha256", layer.slice(7)), "damaged");
  const copyTo = (path: string) =>
    copyEverything(open(`oci:${source}`), openFileSink(`${transport}:${path}${transport === "oci" ? ":x" : ""}`));
  const target = join(folder, `targets-${transport}`);
  await expect(copyTo(join(target, "new/deep"))).rejects.toThrow();
  expect(existsSync(target)).toBe(false);
  const kept = join(target, "kept");
  await copyEverything(open(`oci:${join(folder, "index")}`), openFileSink(`${transport}:${kept}`));
  const list = async () => (await readdir(kept, { recursive: true })).sort();
  const before = await list();
  await expect(copyTo(kept)).rejects.toThrow();
  expect(await list()).toEqual(before);
});

describe("a link that leads out of an OCI layout", () => {
  const secretOf = async (path: string) => {
    await mkdir(join(path, "outside"), { recursive: true });
    await cp(join(folder, "single"), join(path, "layout"), { recursive: true });
    return join(path, "outside");
  };

  test("is not read", async () => {
    const path = join(folder, "linked-source");
    const outside = await secretOf(path);
    const layer = ([...single.files.keys()][1] ?? "").slice(7);
    const blob = join(path, "layout/blobs/sha256", layer);
    await rename(blob, join(outside, layer));
    await symlink(`../../../outside/${layer}`, blob);
    const copy = copyEverything(open(`oci:${join(path, "layout")}`), openFileSink(`oci:${join(path, "to")}`));
    await expect(copy).rejects.toThrow(`blobs/sha256/${layer} in oci:${join(path, "layout")} is a link that leads out`);
    expect(existsSync(join(path, "to"))).toBe(false);
    // Within the layout a link is as good as a file.
    await rename(join(outside, layer), join(path, "layout", layer));
    await rm(blob);
    await symlink(`../../${layer}`, blob);
    await copyEverything(open(`oci:${join(path, "layout")}`), openFileSink(`oci:${join(path, "to")}`));
  });

  test.each(["blobs", "blobs/sha256", "index.json"])("is not written through: %s", async (name) => {
    const path = join(folder, `linked-${name.replace("/", "-")}`);
    const outside = await secretOf(path);
    await rename(join(path, "layout", name), join(outside, "moved"));
    await symlink(join(outside, "moved"), join(path, "layout", name));
    const before = (await readdir(outside, { recursive: true })).sort();
    const copy = copyEverything(open(`oci:${join(folder, "index")}`), openFileSink(`oci:${join(path, "layout")}:new`));
    await expect(copy).rejects.toThrow("is a link that leads out of it");
    expect((await readdir(outside, { recursive: true })).sort()).toEqual(before);
  });
});
