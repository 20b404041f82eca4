import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { registrySink } from "../../src/images/registry/registry-sink.ts";
import {
  json,
  type TestImage,
  testImage,
  testIndex,
  testManifest,
  writeLayout,
} from "../../src/images/test-image.fixture.ts";
import { copyEverything, openFileSource } from "../../src/images/transports.fixture.ts";
import type { Digest } from "../../src/oci/digest.ts";
import { type Platform, tryParsePlatform } from "../../src/oci/platform.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { clientOf } from "../../src/upstream/registry.fixture.ts";

/** An image on the shelf, and those in it by short names: what is chosen is told by these. */
export type ShelfImage = { readonly image: TestImage; readonly leaves: ReadonlyMap<string, TestImage> };

/** One of an index's images: the platform that the index names, that of the config, or both alike. */
type Leaf = { readonly name: string; readonly named: Platform | null; readonly config: Platform };

const UNKNOWN: Platform = { os: "unknown", architecture: "unknown" };

function platformOf(text: string): Platform {
  const platform = tryParsePlatform(text);
  if (platform === null) throw new Error(`${text} is no platform`);
  return platform;
}

/** `linux/arm/v6`, or `?linux/arm/v6` when the index does not say so. */
function leafOf(text: string): Leaf {
  const config = platformOf(text.replace("?", ""));
  return { name: text.replace("?", ""), named: text.startsWith("?") ? null : config, config };
}

/** Images of every shape, made anew for each `salt`, so that nobody has met them. */
export async function shelfImages(salt: string): Promise<Readonly<Record<string, ShelfImage>>> {
  let count = 0;
  const index = (...texts: readonly string[]) => indexOf(`${salt} ${++count}`, texts.map(leafOf));
  const single = async (text: string) => {
    const image = await testImage([`${salt} alone ${text}`], platformOf(text));
    return { image, leaves: new Map([[text, image]]) };
  };
  return {
    variants: await index("linux/arm/v5", "linux/arm/v7", "linux/arm/v6", "linux/arm64", "linux/amd64"),
    older: await index("linux/amd64", "linux/arm/v5", "linux/arm/v6"),
    levels: await index("linux/amd64/v2", "linux/amd64", "linux/amd64/v3"),
    unnamed: await index("?linux/arm64", "?linux/arm/v6", "?linux/amd64"),
    half: await index("linux/s390x", "?linux/amd64", "?linux/arm/v7"),
    nested: await nested(salt),
    lone: await single("linux/amd64"),
    foreign: await single("linux/s390x"),
    artifact: artifact(salt),
    attestations: await attestations(salt),
    windows: await index("windows(10.0.17763.1)/amd64", "windows(10.0.20348.1)/amd64", "linux/amd64"),
    gone: await index("linux/amd64", "linux/arm/v7"),
  };
}

async function indexOf(salt: string, leaves: readonly Leaf[]): Promise<ShelfImage> {
  const images = await Promise.all(
    leaves.map(async ({ name, config }) => ({ name, image: await testImage([`${salt} ${name}`], dotted(config)) })),
  );
  const image = testIndex(images.map((one, at) => ({ image: one.image, platform: dotted(leaves[at]?.named ?? null) })));
  return { image, leaves: new Map(images.map((one) => [one.name, one.image])) };
}

/** As documents have it. */
function dotted<P extends Platform | null>(platform: P): P {
  if (platform === null || platform.osVersion === undefined) return platform;
  const { osVersion, ...rest } = platform;
  return { ...rest, "os.version": osVersion } as unknown as P;
}

/** An index whose second entry is a further index, of which it says nothing. */
async function nested(salt: string): Promise<ShelfImage> {
  const inner = await indexOf(`${salt} inner`, ["linux/arm/v5", "?linux/arm/v6"].map(leafOf));
  const outer = await testImage([`${salt} outer`], platformOf("linux/amd64"));
  const image = testIndex([
    { image: outer, platform: platformOf("linux/amd64") },
    { image: inner.image, platform: null },
  ]);
  return { image, leaves: new Map([...inner.leaves, ["linux/amd64", outer]]) };
}

function artifact(salt: string): ShelfImage {
  const image = testManifest(json({}), [json({ salt })], { artifactType: "example/thing" });
  return { image, leaves: new Map([["artifact", image]]) };
}

async function attestations(salt: string): Promise<ShelfImage> {
  const image = testIndex([{ image: testManifest(json({}), [json({ attests: salt })]), platform: UNKNOWN }]);
  return { image, leaves: new Map() };
}

/** Pushes an image to a registry, byte for byte. */
export async function pushShelfImage(url: string, name: string, { image }: ShelfImage): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "larder-shelf-"));
  try {
    await writeLayout(join(folder, "layout"), [{ image, name: "image" }]);
    const source = await openFileSource(`oci:${join(folder, "layout")}:image`, folder);
    const reference = parseReference(`registry.test/${name}`);
    await copyEverything(source, registrySink(clientOf(url), reference, null, new AbortController().signal));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The layer that an image alone has. */
export function layerOf({ root, files }: TestImage): Digest {
  const manifest = JSON.parse(Buffer.from(files.get(root.digest) ?? "").toString()) as { layers: { digest: Digest }[] };
  const digest = manifest.layers[0]?.digest;
  if (digest === undefined) throw new Error(`${root.digest} has no layer`);
  return digest;
}
