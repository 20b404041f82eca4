/** Images that other registries do not take: named by sha512, of Docker's first kind, a build's cache. They are chosen like all others. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  contentOf,
  type DescriptorJson,
  describeManifest,
  descriptorOf,
  makeBlob,
  makeIndex,
  makeManifest,
  TYPE,
} from "../conformance/content-factory.ts";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { pushImage, pushManifest } from "../conformance/registry-client.ts";
import { runLarder } from "./run-larder.ts";
import { hostOf } from "./test-site.ts";

describe("an image that other registries do not take", () => {
  let upstream: LarderProcess;
  let larder: LarderProcess;
  /** A larder that gets its images from this machine. */
  let cutOff: LarderProcess;
  let folder: string;
  const copyOf = (tag: string) => `localhost:${new URL(upstream.url).port}/${repository}:${tag}`;
  const repository = "rare/app";
  const small = (text: string) => ({ os: "linux", architecture: text, variant: text === "arm" ? "v6" : undefined });
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "larder-rare-"));
    upstream = await startLarder();
    const name = `localhost:${new URL(upstream.url).port}`;
    [larder, cutOff] = await Promise.all([
      startLarder({ arguments: ["--upstream", `rare.test=${upstream.url}`] }),
      startLarder({ arguments: ["--upstream", `${name}=http://registry.invalid`, "--resolver", "127.0.0.1:9"] }),
    ]);
    const listed: DescriptorJson[] = [];
    for (const [architecture, isNamed] of [
      ["amd64", true],
      ["arm", false],
    ] as const) {
      const [config, layer] = [contentOf(JSON.stringify(small(architecture)), "sha512"), makeBlob(300, "sha512")];
      const layers = [descriptorOf(layer, TYPE.layer)];
      const document = {
        schemaVersion: 2,
        mediaType: TYPE.manifest,
        config: descriptorOf(config, TYPE.config),
        layers,
      };
      const image = { manifest: makeManifest(document, TYPE.manifest, "sha512"), blobs: [config, layer] };
      await pushImage(upstream.url, repository, image);
      listed.push(describeManifest(image.manifest, isNamed ? { platform: small(architecture) } : {}));
    }
    await pushManifest(upstream.url, repository, makeIndex(listed), "long");
    const [cached, cacheConfig] = [makeBlob(400), contentOf("{}")];
    const entries = [
      descriptorOf(cached, TYPE.layer),
      descriptorOf(cacheConfig, "application/vnd.buildkit.cacheconfig.v0"),
    ];
    await pushImage(upstream.url, repository, { manifest: makeIndex(entries), blobs: [cached, cacheConfig] }, "cache");
    const layer = makeBlob(200);
    const history = [{ v1Compatibility: JSON.stringify({ id: "a".repeat(64), os: "linux", architecture: "amd64" }) }];
    const fsLayers = [{ blobSum: layer.digest }];
    const document = { schemaVersion: 1, name: repository, tag: "old", architecture: "amd64", fsLayers, history };
    const mediaType = "application/vnd.docker.distribution.manifest.v1+json";
    await pushImage(
      upstream.url,
      repository,
      { manifest: { ...contentOf(JSON.stringify(document)), mediaType }, blobs: [layer] },
      "old",
    );
  });
  afterAll(async () => {
    await Promise.all([upstream?.stop(), larder?.stop(), cutOff?.stop()]);
    await rm(folder, { recursive: true, force: true });
  });

  test.each([
    ["long", ["--platform", "linux/arm/v7"], 0],
    ["long", ["--platform", "linux/arm64"], 1],
    ["long", ["--all-platforms"], 0],
    ["old", ["--platform", "linux/arm64"], 0],
    ["old", [], 0],
    ["cache", ["--platform", "linux/arm64"], 0],
    ["cache", [], 0],
  ] as const)("%s is chosen alike with %j", async (tag, flags, status) => {
    const image = `rare.test/${repository}:${tag}`;
    const at = (host: string, ...words: string[]) => runLarder(host, words);
    const had = await at(hostOf(upstream.url), "has", ...flags, `local/${repository}:${tag}`);
    expect(had.status, had.errors).toBe(status);
    expect((await at(hostOf(larder.url), "cache", ...flags, image)).status).toBe(status);
    expect((await at(hostOf(larder.url), "has", ...flags, image)).status).toBe(status);
    const brought = await at(hostOf(cutOff.url), "cache", ...flags, copyOf(tag));
    expect(brought.status, brought.errors).toBe(status);
    expect((await at(hostOf(cutOff.url), "has", ...flags, copyOf(tag))).status).toBe(status);
    const [from, to] = [
      `docker://${hostOf(upstream.url)}/${repository}:${tag}`,
      join(folder, `${tag}${flags.join("")}`),
    ];
    const copied = await at("", "copy", ...flags, "--src-plain-http", from, `oci:${to.replaceAll(":", "-")}`);
    expect(copied.status, copied.errors).toBe(status);
  });
});
