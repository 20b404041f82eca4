import { describe, expect, test } from "bun:test";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { readTar } from "../../lib/tar/read-tar.ts";
import { type TarEntry, type TarEntryType, tarEntry } from "../../lib/tar/tar-entry.ts";
import { AciError } from "../aci-error.ts";
import { type ConversionOptions, convertImage, convertLayers } from "./convert-image.ts";
import type { ImageSource } from "./image-source.ts";
import {
  collect,
  directory,
  file,
  hardLink,
  imageOf,
  type LayerEntry,
  layerTar,
  once,
  opaque,
  symlink,
  whiteout,
} from "../test-image.fixture.ts";

const options: ConversionOptions = {
  origin: {
    name: "example.com/test",
    version: "1",
    originalName: "example.com/test:1",
    registry: "example.com",
    repository: "test",
  },
  compression: "gzip",
  signal: new AbortController().signal,
};

async function convert(layers: readonly (readonly LayerEntry[])[], changed: Partial<ConversionOptions> = {}) {
  const aci = await convertImage(imageOf(await Promise.all(layers.map(layerTar))), { ...options, ...changed });
  const bytes = await collect(aci.bytes);
  return { ...aci, bytes, imageId: aci.imageId() };
}

async function entriesOf(tar: Uint8Array): Promise<TarEntry[]> {
  const entries: TarEntry[] = [];
  for await (const { entry } of readTar(once(tar))) entries.push(entry);
  return entries;
}

const base = [directory("etc"), file("etc/a"), hardLink("etc/b", "etc/a"), symlink("etc/c", "/a")];

describe("an ACI", () => {
  test("is the same however the layers come, and its ID is that of the tar within", async () => {
    const layers = [base, [whiteout("etc/a"), file("etc/d", "x".repeat(3_000_000))]];
    const first = await convert(layers);
    expect(await convert(layers)).toEqual(first);
    const tar = gunzipSync(first.bytes);
    expect(first.imageId).toBe(`sha512-${new Bun.CryptoHasher("sha512").update(tar).digest("hex")}`);
    const plain = await convert(layers, { compression: "none" });
    expect(plain.imageId).toBe(first.imageId);
    expect(Buffer.compare(plain.bytes, tar)).toBe(0);
  });

  test("has its manifest first, nothing outside of rootfs and no path twice", async () => {
    const entries = await entriesOf((await convert([base, [file("./x/y")]], { compression: "none" })).bytes);
    const paths = entries.map(({ path }) => path.replace(/\/$/, ""));
    expect(paths[0]).toBe("manifest");
    expect(paths.slice(1).every((path) => path === "rootfs" || path.startsWith("rootfs/"))).toBe(true);
    expect(new Set(paths).size).toBe(paths.length);
    expect(entries.find(({ type }) => type === "hardlink")?.linkTarget).toBe("rootfs/etc/a");
  });

  test("has the standard streams in /dev unless the image has them or no such directory", async () => {
    const links = async (entries: readonly LayerEntry[]) =>
      (await entriesOf((await convert([entries], { compression: "none" })).bytes))
        .filter(({ path }) => path.startsWith("rootfs/dev"))
        .map(({ path, linkTarget }) => `${path} ${linkTarget}`.trim());
    const all = [
      "rootfs/dev/stdin /proc/self/fd/0",
      "rootfs/dev/stdout /dev/console",
      "rootfs/dev/stderr /dev/console",
      "rootfs/dev/fd /proc/self/fd",
      "rootfs/dev/",
    ];
    expect(await links([file("a")])).toEqual(all);
    expect(await links([symlink("dev/fd", "/own"), file("dev/stdin", "")])).toEqual([
      "rootfs/dev/fd /own",
      "rootfs/dev/stdin",
      ...all.slice(1, 3),
      "rootfs/dev/",
    ]);
    expect(await links([file("dev", "a file")])).toEqual(["rootfs/dev"]);
  });

  test("is made of layers in every compression", async () => {
    const tar = await layerTar(base);
    const expected = (await convert([base])).imageId;
    const programs = [["gzip"], ["zstd", "-q"], ["xz"], ["bzip2"]].filter(([name]) => Bun.which(name ?? "") !== null);
    for (const command of programs) {
      const packed = Bun.spawnSync([...command, "-c"], { stdin: tar }).stdout;
      const aci = await convertImage(imageOf([packed]), options);
      await collect(aci.bytes);
      expect([command[0], aci.imageId()]).toEqual([command[0], expected]);
    }
  });

  test("keeps hard links of AUFS's own folder, and nothing else of it", async () => {
    const layer = [
      directory(".wh..wh.plnk"),
      file(".wh..wh.plnk/99.1", "shared"),
      file(".wh..wh.aufs", ""),
      hardLink("one", ".wh..wh.plnk/99.1"),
      hardLink("two", "/.wh..wh.plnk/99.1"),
    ];
    const { bytes } = await convert([layer], { compression: "none" });
    const entries = (await entriesOf(bytes)).filter(({ path }) => !path.startsWith("rootfs/dev"));
    expect(entries.map(({ path, type, linkTarget }) => [path, type, linkTarget])).toEqual([
      ["manifest", "file", ""],
      ["rootfs/one", "file", ""],
      ["rootfs/two", "hardlink", "rootfs/one"],
      ["rootfs/", "directory", ""],
    ]);
  });
});

describe("one ACI for each layer", () => {
  test("depends on the one below by its ID, and lists what is visible when something is hidden", async () => {
    const layers = [base, [whiteout("etc/c"), hardLink("etc/e", "etc/b")], [file("etc/f")]];
    const image = imageOf(await Promise.all(layers.map(layerTar)));
    const made: { name: string; imageId: string | null; entries: string[]; manifest: object }[] = [];
    for await (const aci of convertLayers(image, { ...options, compression: "none" })) {
      const entries = (await entriesOf(await collect(aci.bytes))).map(({ path, type }) => `${type} ${path}`);
      made.push({ name: aci.manifest.name, imageId: aci.imageId(), entries, manifest: aci.manifest });
    }
    expect(made.map(({ name }) => name)).toEqual([
      "example.com/test-layer-1",
      "example.com/test-layer-2",
      "example.com/test",
    ]);
    expect(made[1]?.manifest).toMatchObject({
      dependencies: [{ imageName: "example.com/test-layer-1", imageID: made[0]?.imageId }],
      pathWhitelist: ["/", "/etc/a", "/etc/b", "/etc/e", "/etc"],
    });
    // The link's file is in the layer below: here it is again, under all its names.
    expect(made[1]?.entries).toEqual([
      "file manifest",
      "file rootfs/etc/a",
      "hardlink rootfs/etc/b",
      "hardlink rootfs/etc/e",
      "directory rootfs/",
    ]);
    expect(made[2]?.manifest).toMatchObject({
      app: { exec: ["/bin/true"] },
      dependencies: [{ imageID: made[1]?.imageId }],
    });
  });
});

describe("hard links over the layers of a chain", () => {
  /** What each ACI holds of the image's files: the type, and what a hard link leads to. */
  async function chainOf(...layers: readonly (readonly LayerEntry[])[]): Promise<string[][]> {
    const image = imageOf(await Promise.all(layers.map(layerTar)));
    const chain: string[][] = [];
    for await (const aci of convertLayers(image, { ...options, compression: "none" })) {
      const entries = await entriesOf(await collect(aci.bytes));
      const files = entries.filter(({ path, type }) => type !== "directory" && !/^manifest$|^rootfs\/dev/.test(path));
      const short = (path: string) => path.replace("rootfs/", "");
      chain.push(files.map(({ path, linkTarget }) => `${short(path)} ${short(linkTarget)}`.trim()));
    }
    return chain;
  }
  const lower = [file("a"), hardLink("b", "a"), hardLink("c", "b")];

  test("whose first name is taken away or replaced are written once more, whatever takes it away", async () => {
    expect(await chainOf(lower, [whiteout("a")])).toEqual([
      ["a", "b a", "c a"],
      ["b", "c b"],
    ]);
    expect(await chainOf(lower, [file("a", "another")])).toEqual([
      ["a", "b a", "c a"],
      ["b", "c b", "a"],
    ]);
    expect(await chainOf([directory("d"), file("d/a"), hardLink("b", "d/a")], [opaque("d")])).toEqual([
      ["d/a", "b d/a"],
      ["b"],
    ]);
    expect(await chainOf([directory("d"), file("d/a"), hardLink("b", "d/a")], [symlink("d", "e")])).toEqual([
      ["d/a", "b d/a"],
      ["b", "d e"],
    ]);
  });

  test("are written no more than that", async () => {
    expect(await chainOf(lower, [whiteout("c")], [file("d")], [file("b", "another")])).toEqual([
      ["a", "b a", "c a"],
      [],
      ["d"],
      ["b"],
    ]);
  });

  test("follow their content from layer to layer", async () => {
    expect(await chainOf(lower, [whiteout("a")], [whiteout("b")], [hardLink("d", "c")], [file("c", "x")])).toEqual([
      ["a", "b a", "c a"],
      ["b", "c b"],
      ["c"],
      ["c", "d c"],
      ["d", "c"],
    ]);
  });

  test("of a symlink and of a file that lies behind one are no different", async () => {
    const behind = [directory("real"), symlink("way", "real"), file("way/a"), hardLink("b", "way/a")];
    expect(await chainOf(behind, [whiteout("real/a")])).toEqual([["way real", "real/a", "b real/a"], ["b"]]);
    expect(await chainOf([symlink("s", "x"), hardLink("t", "s")], [whiteout("s")])).toEqual([["s x", "t x"], ["t x"]]);
  });
});

test("a name that is not UTF-8 cannot be listed as visible, and is never lost by that", async () => {
  const image = async (...layers: readonly (readonly LayerEntry[])[]) =>
    Array.fromAsync(convertLayers(imageOf(await Promise.all(layers.map(layerTar))), options), ({ bytes }) =>
      collect(bytes),
    );
  expect(await image([file("\udcff"), file("a")], [file("b")])).toHaveLength(2);
  await expect(image([file("\udcff"), file("a")], [whiteout("a")])).rejects.toThrow(/not UTF-8.*--no-squash/);
});

describe("hostile layers are refused", () => {
  const refused = (layers: readonly (readonly LayerEntry[])[]) => expect(convert(layers)).rejects;

  test("with paths and links that lead out", async () => {
    for (const path of ["../x", "a/../../x", "..", "a/..", "../.."]) {
      await refused([[file(path)]]).toThrow(/leads out by/);
      await refused([[hardLink("ok", path)]]).toThrow(/leads out by/);
    }
    await refused([[hardLink("a", "/etc/passwd")]]).toThrow(/not there/);
    await refused([[directory("d"), hardLink("a", "d")]]).toThrow(/a directory/);
    await refused([[hardLink("a", "/")]]).toThrow(/a directory/);
  });

  test("with whiteouts of nothing, of the directory itself and of the one above", async () => {
    for (const name of [".wh.", ".wh..", ".wh...", "d/.wh..."]) await refused([[file(name)]]).toThrow(/hides no name/);
  });

  test("with a path twice, however it is spelled or reached", async () => {
    await refused([[file("a"), file("./a")]]).toThrow(/twice/);
    await refused([[file("a/b"), symlink("a", "c")]]).toThrow(/twice/);
    await refused([[directory("a"), file("a")]]).toThrow(/twice/);
    await refused([[directory("real"), symlink("link", "real"), file("real/x"), file("link/x")]]).toThrow(/twice/);
  });

  test("with a root that is no directory, ways through files and loops of symlinks", async () => {
    await refused([[file("/")]]).toThrow();
    await refused([[symlink(".", "/etc")]]).toThrow(/root directory/);
    await refused([[file("a"), file("a/b")]]).toThrow(/a file/);
    await refused([[symlink("a", "b"), symlink("b", "a"), file("a/x")]]).toThrow(/too many symlinks/);
    await refused([[symlink("a", "a/".repeat(2000)), file("a/x")]]).toThrow(AciError);
  });

  test("with endless depth, too many files and too many bytes", async () => {
    await refused([[file("d/".repeat(3000) + "x")]]).toThrow(/deep/);
    const limits = { maxBytes: 1 << 20, maxEntries: 10, maxKeptBytes: 1000 };
    const many = Array.from({ length: 11 }, (_, at) => file(`f${at}`));
    await expect(convert([many], { limits })).rejects.toThrow(/10 files/);
    await expect(convert([[file("big", "x".repeat(1 << 20))]], { limits })).rejects.toThrow(/more than the 1048576/);
    const zeros = Bun.spawnSync(["gzip", "-c"], { stdin: new Uint8Array(8 << 20) }).stdout;
    await expect(convertImage(imageOf([zeros]), { ...options, limits })).rejects.toThrow(/1048576/);
  });

  test("with names that no file may have, and more that is to be remembered than images need", async () => {
    await refused([[file("x".repeat(256))]]).toThrow(/more than 255 bytes/);
    await refused([[file(`${"ü".repeat(128)}/x`)]]).toThrow(/more than 255 bytes/);
    expect((await convert([[file("ü".repeat(127)), file("x".repeat(255))]])).bytes.length).toBeGreaterThan(0);
    const limits = { maxBytes: 1 << 20, maxEntries: 10, maxKeptBytes: 1000 };
    // One entry, and eleven directories on its way.
    await expect(convert([[file("d/".repeat(11) + "x")]], { limits })).rejects.toThrow(/10 files/);
    await expect(convert([[symlink("s", "x/".repeat(600))]], { limits })).rejects.toThrow(/too long to be kept/);
    const xattrs = new Map([["user.large", new Uint8Array(1100)]]);
    await expect(convert([[directory("d", { xattrs })]], { limits })).rejects.toThrow(/too long to be kept/);
    expect((await convert([[file("f", "f", { xattrs })]], { limits })).bytes.length).toBeGreaterThan(0);
  });

  test("cut short, damaged or no tar at all, naming the layer", async () => {
    const tar = await layerTar([file("a", "x".repeat(5000))]);
    for (const bad of [
      tar.subarray(0, 3000),
      Buffer.from("not a tar".repeat(100)),
      Buffer.from([0x1f, 0x8b, 8, 0, 1]),
    ]) {
      await expect(convertImage(imageOf([tar, bad]), options)).rejects.toThrow(/layer 2 \(1 is the lowest\)/);
    }
  });

  test("of any kind: by an AciError, never by anything else", async () => {
    const path = fc.array(fc.constantFrom("a", "b", "..", ".", "", ".wh.a", ".wh..wh..opq", ".wh..wh.plnk", "x"), {
      maxLength: 4,
    });
    const entry = fc.record({
      path: path.map((parts) => parts.join("/") || "r"),
      linkTarget: path.map((parts) => parts.join("/")),
      type: fc.constantFrom<TarEntryType>("file", "directory", "symlink", "hardlink", "fifo"),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(entry, { maxLength: 6 }), { minLength: 1, maxLength: 3 }), async (layers) => {
        const made = layers.map((entries) =>
          entries.map(({ path, linkTarget, type }) => ({
            entry: tarEntry(
              type === "file" ? path.replace(/\/+$/, "") || "r" : path,
              type,
              type.endsWith("link") ? { linkTarget } : {},
            ),
            content: "",
          })),
        );
        const aci = await convert(made, { compression: "none" }).catch((error: unknown) => error);
        if (aci instanceof Error) expect(aci).toBeInstanceOf(AciError);
      }),
      { numRuns: 500 },
    );
  });
});

test("a layer that changes between the two readings is noticed", async () => {
  const tars = [await layerTar([file("a"), file("b")]), await layerTar([file("a")])];
  let reading = 0;
  const image: ImageSource = { ...imageOf([]), layers: [{ open: () => once(tars[reading++] ?? new Uint8Array()) }] };
  const aci = await convertImage(image, options);
  await expect(collect(aci.bytes)).rejects.toThrow(/changed while/);
});

test("what a layer's source throws is what the caller sees, and an abort ends it", async () => {
  const failing = async function* () {
    yield new Uint8Array(10);
    throw new RangeError("the disk is on fire");
  };
  const image: ImageSource = { ...imageOf([]), layers: [{ open: failing }] };
  await expect(convertImage(image, options)).rejects.toThrow(RangeError);
  const aborted = AbortSignal.abort(new Error("stop"));
  await expect(convert([base], { signal: aborted })).rejects.toThrow("stop");
  const stopping = new AbortController();
  const aci = await convertImage(imageOf([await layerTar(base)]), { ...options, signal: stopping.signal });
  stopping.abort(new Error("stop"));
  await expect(collect(aci.bytes)).rejects.toThrow("stop");
});

test("an image whose config and manifest disagree on the layers is refused, and one without layers", async () => {
  const config = { architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: ["sha256:1", "sha256:2"] } };
  await expect(convertImage(imageOf([await layerTar([])], config), options)).rejects.toThrow(/2 layers/);
  await expect(convertImage(imageOf([]), options)).rejects.toThrow(/no layers/);
});
