/** A file that is not what its blob has to be: never sent where that shows, and healed by a push or by upstream. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, readFile, rename, stat, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Content, freshName, type Image, makeImage } from "../conformance/content-factory.ts";
import { expectError } from "../conformance/expect-error.ts";
import { blobUrl, pushBlob, pushImage, send } from "../conformance/registry-client.ts";
import { until } from "../until.ts";
import { runLarder } from "./larder-command.ts";
import { PullThrough } from "./pull-through.ts";

let lab: PullThrough;
beforeAll(async () => {
  lab = await PullThrough.start();
});
afterAll(() => lab.stop());

function layerOf({ blobs }: Image): Content {
  const [, layer] = blobs;
  if (layer === undefined) throw new Error("an image has layers");
  return layer;
}

/** `under` is a folder of the data folder that is laid out like `blobs`. */
function fileOf({ digest }: Content, under = "blobs"): string {
  const hex = digest.replace("sha256:", "");
  return join(lab.larder.dataFolder, under, "sha256", hex.slice(0, 2), hex);
}

async function flipBit(layer: Content): Promise<void> {
  const bytes = new Uint8Array(await readFile(fileOf(layer)));
  bytes[100] = (bytes[100] ?? 0) ^ 1;
  await writeFile(fileOf(layer), bytes);
}

async function pushedLayer(name: string): Promise<Content> {
  const image = makeImage();
  await pushImage(lab.larder.url, name, image, "1");
  return layerOf(image);
}

test("a push heals a file in which a bit has flipped", async () => {
  const name = freshName();
  const layer = await pushedLayer(name);
  await flipBit(layer);
  await pushBlob(lab.larder.url, name, layer);
  expect((await send("GET", blobUrl(lab.larder.url, name, layer.digest))).bytes).toEqual(layer.bytes);
});

test("a verification finds flipped bits: what is cached is fetched anew, what was pushed is asked for", async () => {
  const there = lab.addImage();
  await lab.manifest(there.manifest.digest);
  const cached = layerOf(there);
  await send("GET", lab.blobUrl(cached.digest));
  const name = freshName();
  const [whole, pushed] = [await pushedLayer(name), await pushedLayer(name)];
  for (const layer of [cached, pushed]) await flipBit(layer);
  const { status, output } = await runLarder(lab.larder.url, "verify");
  expect(status).toBe(1);
  for (const { digest } of [cached, pushed]) expect(output).toContain(`${digest}\tdamaged`);
  expect(output).toMatch(new RegExp(`${cached.digest}.*fetched again`));
  expect(output).toContain(`  local/${name}:1\ta blob`);
  expect(new Uint8Array(await readFile(fileOf(cached)))).toEqual(cached.bytes);
  const stats = await runLarder(lab.larder.url, "stats");
  expect(stats.output).toContain(`${pushed.digest} damaged since`);
  const image = await runLarder(lab.larder.url, "verify", `${name}:1`);
  expect(image.status).toBe(1);
  expect(image.output).toContain(`local/${name}:1\tdamaged`);
  expect(output).not.toContain(whole.digest);
  expect((await send("GET", lab.blobUrl(cached.digest))).bytes).toEqual(cached.bytes);
  const url = blobUrl(lab.larder.url, name, pushed.digest);
  expect(JSON.stringify(expectError(await send("GET", url), 404, "BLOB_UNKNOWN"))).toContain("push it again");
  await pushBlob(lab.larder.url, name, pushed);
  expect((await send("GET", url)).bytes).toEqual(pushed.bytes);
  expect((await runLarder(lab.larder.url, "verify")).status).toBe(0);
});

describe.each([
  ["is cut short", 100],
  ["has grown", 5000],
])("a pushed layer whose file %s", (_how, size) => {
  test("is set aside and no longer here, and GET says to push it again", async () => {
    const name = freshName();
    const layer = await pushedLayer(name);
    await truncate(fileOf(layer), size);
    const url = blobUrl(lab.larder.url, name, layer.digest);
    for (const range of [{}, { Range: "bytes=0-9" }]) {
      const reply = await send("GET", url, { headers: range });
      expect(JSON.stringify(expectError(reply, 404, "BLOB_UNKNOWN"))).toContain("found damaged");
    }
    expect((await send("HEAD", url)).status).toBe(404);
    expect((await stat(fileOf(layer, "aside/damaged"))).size).toBe(size);
    await until("it is told", () => lab.larder.output().includes("has the wrong size and was set aside"));
    expect((await runLarder(lab.larder.url, "stats")).output).toContain("damaged");
    await pushBlob(lab.larder.url, name, layer);
    expect((await send("GET", url)).bytes).toEqual(layer.bytes);
    // What was pushed is worth more than what was set aside.
    await runLarder(lab.larder.url, "gc");
    expect(await stat(fileOf(layer, "aside/damaged")).catch(() => null)).toBeNull();
  });
});

test("a cached layer whose file is cut short is fetched anew", async () => {
  const image = lab.addImage();
  await lab.manifest(image.manifest.digest);
  const layer = layerOf(image);
  await send("GET", lab.blobUrl(layer.digest));
  await truncate(fileOf(layer), 100);
  expect((await send("GET", lab.blobUrl(layer.digest))).bytes).toEqual(layer.bytes);
  expect((await stat(fileOf(layer))).size).toBe(layer.bytes.byteLength);
});

test("a layer that was set aside for want of a record is back as soon as it is asked for", async () => {
  const [name, other] = [freshName(), freshName()];
  const mountUrl = (digest: string) =>
    `${lab.larder.url}/v2/${other}/blobs/uploads/?mount=${digest}&from=${encodeURIComponent(name)}`;
  for (const [method, urlOf, status] of [
    ["HEAD", (digest: string) => blobUrl(lab.larder.url, name, digest), 200],
    ["POST", mountUrl, 201],
    ["GET", (digest: string) => blobUrl(lab.larder.url, name, digest), 200],
  ] as const) {
    const layer = await pushedLayer(name);
    await mkdir(dirname(fileOf(layer, "aside")), { recursive: true });
    await rename(fileOf(layer), fileOf(layer, "aside"));
    expect((await send(method, urlOf(layer.digest))).status).toBe(status);
    expect(new Uint8Array(await readFile(fileOf(layer)))).toEqual(layer.bytes);
  }
});
