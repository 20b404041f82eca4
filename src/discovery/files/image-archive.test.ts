import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import { tarEntry } from "../../lib/tar/tar-entry.ts";
import { writeTar } from "../../lib/tar/write-tar.ts";
import { Findings } from "../found/found-image.ts";
import { scanImageArchive } from "./image-archive.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-archives-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function archive(files: Readonly<Record<string, unknown>>): Promise<Uint8Array> {
  const members = Object.entries(files).map(([path, content]) => {
    const bytes = Buffer.from(typeof content === "string" ? content : JSON.stringify(content));
    return { entry: tarEntry(path, "file", { size: bytes.length }), body: once(bytes) };
  });
  const parts: Uint8Array[] = [];
  for await (const part of writeTar(members)) parts.push(part.slice());
  return Buffer.concat(parts);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function scan(bytes: Uint8Array): Promise<string[] | null> {
  const path = join(folder, "images.tar");
  await writeFile(path, bytes);
  const findings = new Findings();
  const isOne = await scanImageArchive(path, new AbortController().signal, findings);
  return isOne ? findings.images.map(({ written }) => written) : null;
}

test("an archive of images names them, whichever list it has, compressed or not", async () => {
  const docker = await archive({
    "a/layer.tar": "x".repeat(5000),
    "manifest.json": [{ RepoTags: ["docker.io/rancher/a:v1", "rancher/b:v2"] }, { RepoTags: null }],
  });
  expect(await scan(docker)).toEqual(["docker.io/rancher/a:v1", "rancher/b:v2"]);
  expect(await scan(zstdCompressSync(docker))).toEqual(["docker.io/rancher/a:v1", "rancher/b:v2"]);
  const layout = await archive({
    "index.json": {
      manifests: [
        { annotations: { "io.containerd.image.name": "quay.io/o/a:1", "org.opencontainers.image.ref.name": "1" } },
        { annotations: { "org.opencontainers.image.ref.name": "quay.io/o/b:2" } },
        { annotations: { "org.opencontainers.image.ref.name": "latest" } },
      ],
    },
  });
  expect(await scan(layout)).toEqual(["quay.io/o/a:1", "quay.io/o/b:2"]);
});

test("other archives and files are none", async () => {
  expect(await scan(await archive({ "chart/Chart.yaml": "name: a" }))).toBeNull();
  expect(await scan(await archive({ "index.json": { a: 1 } }))).toBeNull();
  expect(await scan(Buffer.from("some text"))).toBeNull();
  expect(await scan(new Uint8Array(0))).toBeNull();
});
