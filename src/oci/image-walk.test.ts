import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Turns } from "../lib/async/turns.ts";
import type { Descriptor } from "./descriptor.ts";
import { type Digest, digestOf } from "./digest.ts";
import type { ImageReader, ManifestContent } from "./image-reader.ts";
import { chooseImages, platformsIn, walkImage } from "./image-walk.ts";
import { MEDIA_TYPE } from "./media-type.ts";
import { formatPlatform } from "./platform.ts";
import { parseSelection, type SelectionText } from "./platform-selection.ts";

/** A place that holds what it was given, and counts what it is asked for. */
class Shelf implements ImageReader {
  readonly manifests = new Map<Digest, ManifestContent>();
  readonly configs = new Map<Digest, unknown>();
  readonly asked: Digest[] = [];

  async *read(listed: readonly Descriptor[]) {
    for (const one of listed) {
      this.asked.push(one.digest);
      yield await Promise.resolve({ listed: one, content: this.manifests.get(one.digest) ?? null });
    }
  }

  async config({ digest }: Descriptor): Promise<unknown> {
    return Promise.resolve(this.configs.get(digest) ?? null);
  }

  put(document: object): Descriptor {
    const bytes = new TextEncoder().encode(JSON.stringify({ schemaVersion: 2, ...document }));
    const { mediaType } = document as { mediaType: string };
    const digest = digestOf(bytes);
    this.manifests.set(digest, { digest, mediaType, bytes });
    return { mediaType, digest, size: bytes.byteLength };
  }

  image(name: string, config: object = {}): Descriptor {
    const digest = digestOf(name);
    this.configs.set(digest, config);
    const blob = { mediaType: MEDIA_TYPE.ociConfig, digest, size: 1 };
    return this.put({ mediaType: MEDIA_TYPE.ociManifest, config: blob, layers: [] });
  }

  index(...entries: readonly object[]): Descriptor {
    return this.put({ mediaType: MEDIA_TYPE.ociIndex, manifests: entries });
  }

  content({ digest }: Descriptor): ManifestContent {
    const content = this.manifests.get(digest);
    if (content === undefined) throw new Error(digest);
    return content;
  }

  /** The digests of a walk, those of what is missing with a minus before them. */
  async walk(root: Descriptor, selection: SelectionText = "all"): Promise<readonly string[]> {
    const options = { reader: this, selection: parseSelection(selection), work: new Turns().begin() };
    const steps = await Array.fromAsync(walkImage(this.content(root), options));
    return steps.map((step) => (step.kind === "missing" ? `-${step.listed.digest}` : step.content.digest));
  }
}

const on = (descriptor: Descriptor, architecture: string, variant?: string) => ({
  ...descriptor,
  platform: { os: "linux", architecture, ...(variant === undefined ? {} : { variant }) },
});
const digests = (...descriptors: readonly Descriptor[]): readonly string[] => descriptors.map(({ digest }) => digest);

describe("a walk through everything", () => {
  test("comes to each manifest once, and to an index before what it lists", async () => {
    const shelf = new Shelf();
    const [a, b, c] = [shelf.image("a"), shelf.image("b"), shelf.image("c")];
    const inner = shelf.index(b, c, b);
    const root = shelf.index(a, inner, b, a);
    expect(await shelf.walk(root)).toEqual(digests(root, a, inner, b, c));
    expect(shelf.asked).toHaveLength(4);
  });

  test("goes on past what is missing, and takes what is no manifest for a blob", async () => {
    const shelf = new Shelf();
    const [a, layer] = [shelf.image("a"), { mediaType: "application/x-layer", digest: digestOf("layer"), size: 5 }];
    const gone = { mediaType: MEDIA_TYPE.ociManifest, digest: digestOf("gone"), size: 5 };
    const root = shelf.index(gone, layer, a);
    expect(await shelf.walk(root)).toEqual([root.digest, `-${gone.digest}`, a.digest]);
    const options = { reader: shelf, selection: parseSelection("all"), work: new Turns().begin() };
    const [first] = await Array.fromAsync(walkImage(shelf.content(root), options));
    expect(first).toMatchObject({ blobs: [{ digest: layer.digest }] });
  });

  test("asks for nothing of an index that lists more than any image has", async () => {
    const shelf = new Shelf();
    const entries = Array.from({ length: 20_000 }, (_, n) => ({
      mediaType: MEDIA_TYPE.ociManifest,
      digest: digestOf(`${n}`),
      size: 1,
    }));
    const root = shelf.index(...entries);
    await expect(shelf.walk(root)).rejects.toThrow("too deep, or too much");
    expect(shelf.asked).toEqual([]);
  });

  test("ends where indexes are deeper than any, for every selection", async () => {
    const shelf = new Shelf();
    let root = shelf.image("a", { os: "linux", architecture: "amd64" });
    for (let depth = 0; depth < 8; depth++) root = shelf.index(root, ...Array.from({ length: 100 }, () => root));
    expect(await shelf.walk(root)).toHaveLength(9);
    expect(await shelf.walk(root, ["linux/amd64"])).toHaveLength(9);
    const deeper = shelf.index(root);
    for (const selection of ["all", ["linux/amd64"], { prefer: "linux/amd64" }] as const) {
      await expect(shelf.walk(deeper, selection)).rejects.toThrow("too deep, or too much");
    }
  });
});

describe("a walk to some platforms", () => {
  test("reads nothing that it does not need", async () => {
    const shelf = new Shelf();
    const [amd64, arm64, v6] = [shelf.image("a"), shelf.image("b"), shelf.image("c")];
    const root = shelf.index(on(amd64, "amd64"), on(arm64, "arm64", "v8"), on(v6, "arm", "v6"));
    expect(await shelf.walk(root, ["linux/arm/v7", "linux/arm64"])).toEqual(digests(root, v6, arm64));
    expect(shelf.asked).toEqual([v6.digest, arm64.digest]);
    await expect(shelf.walk(root, ["linux/s390x"])).rejects.toThrow("there are linux/amd64, linux/arm64/v8");
  });

  test("takes the config's word for what the index leaves out", async () => {
    const shelf = new Shelf();
    const amd64 = shelf.image("a", { os: "linux", architecture: "amd64" });
    const v6 = shelf.image("b", { os: "linux", architecture: "arm", variant: "v6" });
    const root = shelf.index(amd64, v6);
    expect(await shelf.walk(root, ["linux/arm/v7"])).toEqual(digests(root, v6));
    const platforms = await platformsIn(shelf.content(root), shelf, new Turns().begin());
    expect([...platforms.values()].map((platform) => platform && formatPlatform(platform))).toEqual([
      "linux/amd64",
      "linux/arm/v6",
    ]);
  });

  test("looks into further indexes as if what they list stood in their place", async () => {
    const shelf = new Shelf();
    const [amd64, v5, v7] = [shelf.image("a"), shelf.image("b"), shelf.image("c")];
    const arms = shelf.index(on(v5, "arm", "v5"), on(v7, "arm", "v7"));
    const other = shelf.index(shelf.image("d"));
    const root = shelf.index(on(amd64, "amd64"), on(other, "s390x"), arms);
    expect(await shelf.walk(root, ["linux/arm/v6"])).toEqual(digests(root, arms, v5));
    expect(await shelf.walk(root, ["linux/arm/v7", "linux/amd64"])).toEqual(digests(root, arms, v7, amd64));
    expect(shelf.asked).not.toContain(other.digest);
    await expect(shelf.walk(shelf.index(on(other, "s390x")), ["linux/amd64"])).rejects.toThrow("there are linux/s390x");
  });

  test("gives what has no platform of its own that of the index around it", async () => {
    const shelf = new Shelf();
    const bare = shelf.image("a");
    const root = shelf.index(on(shelf.index(bare), "arm64"), on(shelf.image("b"), "amd64"));
    expect((await shelf.walk(root, ["linux/arm64"])).at(-1)).toBe(bare.digest);
  });

  test("follows an index that is called an image", async () => {
    const shelf = new Shelf();
    const [amd64, arm64] = [shelf.image("a"), shelf.image("b")];
    const inner = shelf.index(on(amd64, "amd64"), on(arm64, "arm64"));
    const root = shelf.index({ ...on(inner, "arm64"), mediaType: MEDIA_TYPE.ociManifest });
    expect(await shelf.walk(root, ["linux/arm64"])).toEqual(digests(root, inner, arm64));
  });

  test("tells what is missing where that may be what is wanted, and only there", async () => {
    const shelf = new Shelf();
    const amd64 = shelf.image("a");
    const gone = { mediaType: MEDIA_TYPE.ociManifest, digest: digestOf("gone"), size: 5 };
    const root = shelf.index(on(amd64, "amd64"), gone);
    expect(await shelf.walk(root, ["linux/amd64"])).toEqual(digests(root, amd64));
    expect(await shelf.walk(root, ["linux/arm64"])).toEqual([root.digest, `-${gone.digest}`]);
    expect(await shelf.walk(shelf.index(on(gone, "arm64")), ["linux/arm64"])).toContain(`-${gone.digest}`);
  });

  test("insists on the platform of what is no index, and a preference does not", async () => {
    const shelf = new Shelf();
    const image = shelf.image("a", { os: "linux", architecture: "amd64" });
    await expect(shelf.walk(image, ["linux/arm64"])).rejects.toThrow("there are linux/amd64");
    expect(await shelf.walk(image, { prefer: "linux/arm64" })).toEqual(digests(image));
    const artifact = shelf.put({
      mediaType: MEDIA_TYPE.ociManifest,
      config: { mediaType: MEDIA_TYPE.ociEmpty, digest: digestOf("{}"), size: 2 },
      layers: [],
    });
    expect(await shelf.walk(artifact, ["linux/arm64"])).toEqual(digests(artifact));
  });

  test("takes an index of blobs alone for what it is", async () => {
    const shelf = new Shelf();
    const layers = ["a", "b"].map((name) => ({ mediaType: "application/x-layer", digest: digestOf(name), size: 1 }));
    const root = shelf.content(shelf.index(...layers));
    const options = { reader: shelf, selection: parseSelection({ prefer: "linux/amd64" }), work: new Turns().begin() };
    const steps = await Array.fromAsync(walkImage(root, options));
    expect(steps).toMatchObject([{ kind: "manifest", blobs: layers }]);
  });

  test("takes all of an index whose manifests are for no platform", async () => {
    const shelf = new Shelf();
    const [a, b] = [shelf.image("a"), shelf.image("b")];
    const root = shelf.index(a, b);
    expect(await shelf.walk(root, ["linux/amd64"])).toEqual(digests(root, a, b));
  });
});

test("what a walk comes to is what is chosen, whatever the index looks like", async () => {
  const platform = fc.constantFrom("amd64", "arm64", "arm/v5", "arm/v6", "arm/v7", "arm", null);
  const wanted = fc.constantFrom("linux/amd64", "linux/arm64", "linux/arm/v6", "linux/arm/v7");
  const entry = fc.record({ platform, isNamed: fc.boolean(), isNested: fc.boolean(), isHere: fc.boolean() });
  const property = fc.asyncProperty(fc.array(entry, { maxLength: 8 }), wanted, async (entries, one) => {
    const shelf = new Shelf();
    const listed = entries.map(({ platform: text, isNamed, isNested, isHere }, position) => {
      const [architecture = "", variant] = text?.split("/") ?? [];
      const config = text === null ? {} : { os: "linux", architecture, ...(variant ? { variant } : {}) };
      const image = shelf.image(`${position}`, config);
      const described = isNamed && text !== null ? on(image, architecture, variant) : image;
      if (!isHere) shelf.manifests.delete(image.digest);
      return isNested ? shelf.index(described) : described;
    });
    const root = shelf.content(shelf.index(...listed));
    const options = { reader: shelf, selection: parseSelection([one]), work: new Turns().begin() };
    const outcome = async <T>(answer: () => Promise<T>) => answer().catch((error: unknown) => String(error));
    const steps = await outcome(() => Array.fromAsync(walkImage(root, options)));
    const choice = await outcome(() => chooseImages(root, options));
    const isRefused = typeof steps === "string" || typeof choice === "string";
    if (isRefused) expect<typeof choice | typeof steps>(steps).toBe(choice);
    if (isRefused || choice.chosen === "all") return;
    const images = steps.flatMap((step) => {
      if (step.kind === "missing") return [step.listed.digest];
      return step.isIndex ? [] : [step.content.digest];
    });
    const meant = [...choice.chosen.map((offer) => offer.listed), ...choice.missing].map(({ digest }) => digest);
    expect(new Set(images)).toEqual(new Set(meant));
    expect(images).toHaveLength(new Set(images).size);
  });
  await fc.assert(property);
});
