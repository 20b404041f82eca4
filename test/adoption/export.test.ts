/** What larder exports Debian's docker-registry serves, and a larder takes it over again: the same images by the same digests. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { statSync } from "node:fs";
import {
  describeManifest,
  digestOf,
  makeArtifact,
  makeDockerImage,
  makeImage,
  makeIndex,
  TYPE,
} from "../conformance/content-factory.ts";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { blobUrl, manifestUrl, pushImage, pushManifest, send } from "../conformance/registry-client.ts";
import { runLarder } from "../faults/larder-command.ts";
import { requirement } from "../requirement.ts";
import { startOverFolder } from "./docker-registry-folder.ts";

const ACCEPT = { Accept: Object.values(TYPE).join(", ") };

async function pull(registry: string, name: string, reference: string): Promise<string> {
  const found = await send("GET", manifestUrl(registry, name, reference), { headers: ACCEPT });
  expect([name, reference, found.status]).toEqual([name, reference, 200]);
  const { manifests = [], config, layers = [] } = JSON.parse(found.text);
  for (const child of manifests) expect(await pull(registry, name, child.digest)).toBe(child.digest);
  for (const { digest } of [...(config === undefined ? [] : [config]), ...layers]) {
    const { status, bytes } = await send("GET", blobUrl(registry, name, digest));
    const algorithm = digest.startsWith("sha512") ? "sha512" : "sha256";
    expect([digest, status, digestOf(bytes, algorithm)]).toEqual([digest, 200, digest]);
  }
  return digestOf(found.bytes, reference.startsWith("sha512:") ? "sha512" : "sha256");
}

const needs = requirement("docker-registry", "skopeo");

describe.skipIf(!needs.met)("an export", () => {
  let folder: string;
  let larder: LarderProcess;
  const [app, docker, other] = [makeImage(), makeDockerImage(), makeImage()];
  const index = makeIndex([describeManifest(app.manifest), describeManifest(docker.manifest)]);
  const signature = makeArtifact("application/x-signature", { subject: describeManifest(index) });
  const wide = makeImage({}, "sha512");
  const images: [name: string, tag: string, digest: string][] = [
    ["team/app", "1", index.digest],
    ["team/app", "docker", docker.manifest.digest],
    ["quay.io/org/app", "1", app.manifest.digest],
    ["corp.example_5000/org/app", "1", app.manifest.digest],
    ["docker.io/library/nginx", "1.27", docker.manifest.digest],
  ];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "larder-export-"));
    larder = await startLarder({ arguments: ["--open"] });
    const { url } = larder;
    for (const image of [app, docker, signature]) await pushImage(url, "team/app", image);
    await pushManifest(url, "team/app", index, "1");
    await pushManifest(url, "team/app", docker.manifest, "docker");
    await pushImage(url, "quay.io/org/app", app, "1");
    await pushImage(url, "corp.example:5000/org/app", app, "1");
    await pushImage(url, "docker.io/nginx", docker, "1.27");
    await pushImage(url, "team/wide", wide);
    await pushImage(url, "team/other", other, "v2");
  });
  afterAll(async () => {
    await larder.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const exportInto = async (root: string, ...flags: readonly string[]) => {
    const { status, output, errors } = await runLarder(larder.url, "export-registry", root, ...flags, "--json");
    return { status, errors, result: output === "" ? null : JSON.parse(output) };
  };

  test("is served by docker-registry, and taken over by a larder as it was", async () => {
    const root = join(folder, "all");
    const { status, result, errors } = await exportInto(root);
    expect([status, errors, result?.first]).toEqual([0, "", []]);
    expect(result).toMatchObject({ repositories: 6, tags: 6, referrerTags: 1 });
    expect(result.linked).toBe(result.blobs);
    const there = await startOverFolder(root);
    try {
      for (const [name, tag, digest] of images) expect(await pull(there.url, name, tag)).toBe(digest);
      const list = await send("GET", manifestUrl(there.url, "team/app", index.digest.replace(":", "-")), {
        headers: ACCEPT,
      });
      expect(JSON.parse(list.text).manifests).toMatchObject([
        { digest: signature.manifest.digest, artifactType: "application/x-signature" },
      ]);
      const copied = Bun.spawnSync([
        "skopeo",
        "copy",
        "--quiet",
        "--all",
        "--preserve-digests",
        "--src-tls-verify=false",
        `docker://${there.url.slice("http://".length)}/team/app:1`,
        `oci:${join(folder, "layout")}:1`,
      ]);
      expect([copied.exitCode, copied.stderr.toString()]).toEqual([0, ""]);
      const layout = await Bun.file(join(folder, "layout/index.json")).json();
      expect(layout.manifests[0].digest).toBe(index.digest);
      expect(
        (await send("GET", manifestUrl(there.url, "team/app", "docker"), { headers: ACCEPT })).headers.get(
          "content-type",
        ),
      ).toBe(TYPE.dockerManifest);
    } finally {
      await there.stop();
    }
    const second = await startLarder({ arguments: ["--open"] });
    try {
      expect(await runLarder(second.url, "import-registry", root)).toMatchObject({ status: 0 });
      const listing = async (url: string) => {
        const { output } = await runLarder(url, "ls", "--json");
        const rows = JSON.parse(output) as Record<string, unknown>[];
        return rows
          .map((row) => JSON.stringify([row["name"], row["digest"], row["updatedAt"], row["kind"]]))
          .toSorted();
      };
      const [mine, theirs] = [await listing(larder.url), await listing(second.url)];
      expect(mine).toHaveLength(6);
      // The list for registries without referrers came besides.
      expect(theirs.filter((row) => !row.includes("sha256-"))).toEqual(mine);
      expect(await pull(second.url, "corp.example:5000/org/app", "1")).toBe(app.manifest.digest);
      expect(await pull(second.url, "team/wide", wide.manifest.digest)).toBe(wide.manifest.digest);
      const { text } = await send("GET", `${second.url}/v2/team/app/referrers/${index.digest}`);
      expect(JSON.parse(text).manifests).toMatchObject([{ digest: signature.manifest.digest }]);
    } finally {
      await second.stop();
    }
  }, 60_000);

  test("once more there is nothing to do, and what patterns name alone is written", async () => {
    const root = join(folder, "some");
    expect(await exportInto(root, "team/app:docker", "quay.io/**", "--copy")).toMatchObject({
      status: 0,
      result: { repositories: 2, tags: 2, manifests: 2, linked: 0 },
    });
    expect(await exportInto(root, "team/app:docker", "quay.io/**")).toMatchObject({
      result: { tags: 0, blobs: 0, bytes: 0 },
    });
    const there = await startOverFolder(root);
    expect(await pull(there.url, "quay.io/org/app", "1")).toBe(app.manifest.digest);
    expect((await send("GET", manifestUrl(there.url, "team/app", "1"))).status).toBe(404);
    await there.stop();
  }, 60_000);

  test("a registry's folder that is in use keeps its own tags, and what is no such folder is refused", async () => {
    const root = join(folder, "in-use");
    await mkdir(root);
    const there = await startOverFolder(root);
    const own = makeImage();
    await pushImage(there.url, "team/other", own, "v2");
    const { status, result } = await exportInto(root, "team/other");
    expect([status, result.tagsKept]).toEqual([1, 1]);
    expect(await pull(there.url, "team/other", "v2")).toBe(own.manifest.digest);
    expect(await exportInto(root, "team/other", "--force")).toMatchObject({ status: 0, result: { tags: 1 } });
    expect(await pull(there.url, "team/other", "v2")).toBe(other.manifest.digest);
    await there.stop();
    await writeFile(join(folder, "mine"), "");
    expect(await exportInto(folder)).toMatchObject({ status: 1, errors: expect.stringContaining("not empty") });
  }, 60_000);

  test("what is damaged in larder is left out and told of, and does not reach the folder", async () => {
    const layer = other.blobs[1]?.digest.slice(7) ?? "";
    const file = join(larder.dataFolder, "blobs/sha256", layer.slice(0, 2), layer);
    const { size } = statSync(file);
    await rm(file);
    await writeFile(file, "x".repeat(size));
    const root = join(folder, "damaged");
    const { status, result } = await exportInto(root);
    expect([status, result.first.map(({ what }: { what: string }) => what.includes(layer))]).toEqual([1, [true]]);
    const there = await startOverFolder(root);
    expect((await send("GET", manifestUrl(there.url, "team/other", "v2"))).status).toBe(404);
    expect(await pull(there.url, "team/app", "1")).toBe(index.digest);
    await there.stop();
  }, 60_000);
});
