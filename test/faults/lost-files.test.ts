/** A blob whose file is gone or cut short is as good as none to those who push: they are told to send it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import { freshName, type Image, makeImage } from "../conformance/content-factory.ts";
import { expectError } from "../conformance/expect-error.ts";
import { finishUpload, locationOf, manifestUrl, pushImage, putManifest, send } from "../conformance/registry-client.ts";
import { HOST, PATH, PullThrough } from "./pull-through.ts";

let lab: PullThrough;
beforeAll(async () => {
  lab = await PullThrough.start();
});
afterAll(() => lab.stop());

describe.each([
  ["is gone", (path: string) => rm(path)],
  ["is cut short", (path: string) => truncate(path, 100)],
  ["has grown", (path: string) => truncate(path, 5000)],
])("a layer whose file %s", (_how, damage) => {
  /** An image, and one of its layers, whose file was damaged. */
  const damaged = async (image: Image) => {
    const [, layer] = image.blobs;
    if (layer === undefined) throw new Error("an image has layers");
    const hex = layer.digest.replace("sha256:", "");
    await damage(join(lab.larder.dataFolder, "blobs", "sha256", hex.slice(0, 2), hex));
    return layer;
  };

  test("is not mounted, and the upload that is opened instead brings it", async () => {
    const [source, target] = [freshName(), freshName()];
    const image = makeImage();
    await pushImage(lab.larder.url, source, image, "1");
    const layer = await damaged(image);
    const url = `${lab.larder.url}/v2/${target}/blobs/uploads/?mount=${layer.digest}`;
    for (const from of ["", `&from=${encodeURIComponent(source)}`]) {
      const reply = await send("POST", `${url}${from}`);
      expect(reply.status).toBe(202);
      if (from === "") continue;
      const session = locationOf(reply, lab.larder.url);
      expect((await finishUpload(session, layer.digest, layer.bytes)).status).toBe(201);
    }
    for (const name of [source, target]) {
      const blob = await send("GET", `${lab.larder.url}/v2/${name}/blobs/${layer.digest}`);
      expect(blob.bytes).toEqual(layer.bytes);
    }
  });

  test("is missing for a manifest, until it was pushed again", async () => {
    const name = freshName();
    const image = makeImage();
    await pushImage(lab.larder.url, name, image, "1");
    const layer = await damaged(image);
    const refused = await putManifest(lab.larder.url, name, image.manifest, "2");
    expect(JSON.stringify(expectError(refused, 400, "MANIFEST_BLOB_UNKNOWN"))).toContain(layer.digest);
    expect((await send("HEAD", manifestUrl(lab.larder.url, name, "2"))).status).toBe(404);
    await pushImage(lab.larder.url, name, image, "2");
    expect((await send("GET", `${lab.larder.url}/v2/${name}/blobs/${layer.digest}`)).bytes).toEqual(layer.bytes);
  });

  test("is fetched again for a manifest, where upstream has it", async () => {
    const image = lab.addImage();
    await lab.manifest(image.manifest.digest);
    for (const { digest } of image.blobs) await send("GET", lab.blobUrl(digest));
    const layer = await damaged(image);
    const put = await putManifest(lab.larder.url, `${HOST}/${PATH}`, image.manifest, "mine");
    expect(put.status, put.text).toBe(201);
    lab.upstream.misbehave({}, { kind: "drop" });
    expect((await send("GET", lab.blobUrl(layer.digest))).bytes).toEqual(layer.bytes);
    lab.upstream.behave();
  });
});
