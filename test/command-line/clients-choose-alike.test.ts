/** Where an index names its platforms, a client takes the image that larder means: what was cached is what is pulled. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { outputOf } from "../end-to-end/run-command.ts";
import { requirement } from "../requirement.ts";
import { layerOf, pushShelfImage, type ShelfImage, shelfImages } from "./image-shelf.ts";
import { runLarder } from "./run-larder.ts";
import { hostOf } from "./test-site.ts";

const lab = requirement("skopeo");
const PLATFORMS = ["linux/arm/v7", "linux/arm/v6", "linux/arm64/v8", "linux/amd64", "linux/amd64/v3"];
const IMAGES = ["variants", "older", "levels"];

describe.skipIf(!lab.met)("skopeo and larder", () => {
  let larder: LarderProcess;
  let folder: string;
  let images: Readonly<Record<string, ShelfImage>>;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "larder-alike-"));
    [larder, images] = await Promise.all([startLarder(), shelfImages("alike")]);
    for (const name of IMAGES) {
      const image = images[name];
      if (image !== undefined) await pushShelfImage(larder.url, `alike/${name}:1`, image);
    }
  });
  afterAll(async () => {
    await larder?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test.each(PLATFORMS.flatMap((platform) => IMAGES.map((name) => [platform, name] as const)))(
    "take the same for %s out of %s",
    async (platform, name) => {
      const source = `docker://${hostOf(larder.url)}/alike/${name}:1`;
      const to = join(folder, `${name}-${platform.replaceAll("/", "-")}`);
      const { status } = await runLarder("", ["copy", "--src-plain-http", "--platform", platform, source, `oci:${to}`]);
      const layer = await layerBySkopeo(source, platform);
      expect(status).toBe(layer === null ? 1 : 0);
      const taken: string[] = [];
      for (const [leaf, image] of images[name]?.leaves ?? []) {
        const digest = layerOf(image);
        if (await Bun.file(join(to, "blobs", "sha256", digest.slice(7))).exists()) taken.push(digest);
        expect([leaf, taken.includes(digest)]).toEqual([leaf, digest === layer]);
      }
      expect(taken).toHaveLength(layer === null ? 0 : 1);
    },
  );
});

/** The layer of the image that skopeo takes; null when there is none for the platform. */
async function layerBySkopeo(source: string, platform: string): Promise<string | null> {
  const [os = "", architecture = "", variant] = platform.split("/");
  const machine = ["--override-os", os, "--override-arch", architecture];
  const words = [...machine, ...(variant === undefined ? [] : ["--override-variant", variant])];
  try {
    const output = await outputOf(["skopeo", ...words, "inspect", "--tls-verify=false", source]);
    return (JSON.parse(output) as { Layers: readonly string[] }).Layers[0] ?? null;
  } catch (error) {
    if (String(error).includes("no image found")) return null;
    throw error;
  }
}
