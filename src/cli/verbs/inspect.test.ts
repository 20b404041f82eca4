import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  json,
  type TestImage,
  testImage,
  testIndex,
  testManifest,
  writeLayout,
} from "../../images/test-image.fixture.ts";
import { CommandFailure } from "../../lib/command/command-io.ts";
import { digestOf } from "../../oci/digest.ts";
import { MEDIA_TYPE } from "../../oci/media-type.ts";
import { copyCommand } from "./copy.ts";
import { inspectCommand } from "./inspect.ts";

let folder: string;
let image: TestImage;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-inspect-"));
  image = await testImage(["hello"]);
});
afterAll(() => rm(folder, { recursive: true }));

async function run(verb: "copy" | "inspect", ...words: string[]) {
  const written = { stdout: "", stderr: "" };
  const output = (name: keyof typeof written) => ({
    isTerminal: false,
    write: (text: string) => void (written[name] += text),
  });
  const environment = { HOME: folder, TMPDIR: folder };
  const io = { stdout: output("stdout"), stderr: output("stderr"), environment, signal: new AbortController().signal };
  const command = verb === "copy" ? copyCommand(io) : inspectCommand(io);
  try {
    await command.parseAsync(words, { from: "user" });
    return { ...written, status: 0, message: "" };
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    return { ...written, status: error.exitStatus, message: error.message };
  }
}

const blob = (mediaType: string, text: string) => {
  const bytes = new TextEncoder().encode(text);
  return { bytes, descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length } };
};

/** A manifest of any shape, with the blobs that it names. */
function manifestOf(document: object, blobs: readonly { readonly bytes: Uint8Array }[]): TestImage {
  const bytes = json({ schemaVersion: 2, ...document });
  const files = new Map([bytes, ...blobs.map((one) => one.bytes)].map((content) => [digestOf(content), content]));
  const { mediaType = MEDIA_TYPE.ociManifest } = document as { mediaType?: string };
  return { root: { mediaType, digest: digestOf(bytes), size: bytes.length }, files };
}

function buildCache(): TestImage {
  const [layer, config] = [
    blob("application/vnd.docker.image.rootfs.diff.tar.gzip", "layer"),
    blob("application/vnd.buildkit.cacheconfig.v0", "{}"),
  ];
  const manifests = [layer.descriptor, config.descriptor];
  return manifestOf({ mediaType: MEDIA_TYPE.ociIndex, manifests }, [layer, config]);
}

function chart(): TestImage {
  const [config, content] = [
    blob("application/vnd.cncf.helm.config.v1+json", `{"name":"shop"}`),
    blob("application/vnd.cncf.helm.chart.content.v1.tar+gzip", "chart"),
  ];
  return manifestOf({ mediaType: MEDIA_TYPE.ociManifest, config: config.descriptor, layers: [content.descriptor] }, [
    config,
    content,
  ]);
}

function schema1(): TestImage {
  const layer = blob("", "layer");
  const mediaType = MEDIA_TYPE.dockerSchema1;
  return manifestOf({ schemaVersion: 1, mediaType, fsLayers: [{ blobSum: layer.descriptor.digest }] }, [layer]);
}

describe("inspect, of a place", () => {
  test("shows an image of a folder or an archive as that of a registry", async () => {
    await writeLayout(join(folder, "app"), [{ image, name: "team/app:1" }]);
    const archive = join(folder, "app.tar");
    await run("copy", join(folder, "app"), `docker-archive:${archive}`);
    for (const place of [join(folder, "app"), `oci:${folder}/app:team/app:1`, archive, `docker-archive:${archive}`]) {
      const { status, stdout } = await run("inspect", place);
      expect([status, stdout]).toEqual([0, expect.stringContaining(image.root.digest)]);
      expect(stdout).toContain("platform   linux/amd64");
      expect(stdout).not.toContain("holds");
      const { stdout: told } = await run("inspect", place, "--json");
      expect(JSON.parse(told)).toMatchObject({ digest: image.root.digest, layers: [{}], config: { os: "linux" } });
    }
  });

  test("wants one of several images to be chosen", async () => {
    const other = testManifest(json({ other: 1 }), []);
    await writeLayout(join(folder, "many"), [
      { image, name: "one:1" },
      { image: other, name: "two:2" },
    ]);
    const several = await run("inspect", join(folder, "many"));
    expect(several).toMatchObject({ status: 2, message: expect.stringMatching(/choose one: .*:one:1, .*:two:2/) });
    expect((await run("inspect", `${folder}/many:two:2`)).stdout).toContain(other.root.digest);
  });

  test("tells a platform that is not there", async () => {
    const index = testIndex([
      { image, platform: { os: "linux", architecture: "amd64" } },
      { image: testManifest(json({}), []), platform: { os: "linux", architecture: "arm64" } },
    ]);
    const files = new Map(
      [...index.files].filter(([digest]) => digest === index.root.digest || image.files.has(digest)),
    );
    await writeLayout(join(folder, "sparse"), [{ image: { ...index, files }, name: "x" }]);
    const { stdout } = await run("inspect", join(folder, "sparse"));
    expect(stdout).toMatch(/linux\/amd64 +sha256:[0-9a-f]{64} *\n/);
    expect(stdout).toMatch(/linux\/arm64 +sha256:[0-9a-f]{64} +not here/);
  });
});

test("an index's attestation is shown as one", async () => {
  const index = testIndex([
    { image, platform: { os: "linux", architecture: "amd64" } },
    {
      image: testManifest(json({ attested: true }), []),
      platform: { os: "unknown", architecture: "unknown" },
      annotations: { "vnd.docker.reference.type": "attestation-manifest" },
    },
  ]);
  await writeLayout(join(folder, "attested"), [{ image: index, name: "x" }]);
  expect((await run("inspect", join(folder, "attested"))).stdout).toMatch(/^attestation +sha256:/m);
});

describe.each([
  ["build cache", buildCache, "a build cache"],
  ["chart", chart, "a Helm chart"],
  ["image of schema 1", schema1, "an image of Docker's schema 1, which has no config"],
] as const)("a %s", (name, make, what) => {
  const place = () => join(folder, name.replaceAll(" ", "-"));

  test("is shown for what it is", async () => {
    await writeLayout(place(), [{ image: make(), name: "x" }]);
    const { status, stdout } = await run("inspect", place());
    expect([status, stdout]).toEqual([0, expect.stringMatching(new RegExp(`^holds +${what}$`, "m"))]);
    expect(stdout).toContain("LAYER");
    expect(stdout).not.toContain("PLATFORM");
    expect(JSON.parse((await run("inspect", place(), "--json")).stdout)).toMatchObject({ platforms: [] });
  });

  test("goes byte for byte where it has a place, and nowhere else, and leaves nothing there", async () => {
    const { root } = make();
    const copied = await run("copy", place(), `oci-archive:${place()}.tar`);
    expect([copied.status, copied.stdout]).toEqual([0, expect.stringContaining(root.digest)]);
    const before = await readdir(folder);
    const refused = await run("copy", place(), `docker-archive:${folder}/refused.tar`);
    expect(refused).toMatchObject({
      status: 1,
      message: expect.stringContaining(`container images only, and this is ${what}`),
    });
    expect(await readdir(folder)).toEqual(before);
  });
});
