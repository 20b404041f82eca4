import { afterAll, beforeAll, expect, test } from "bun:test";
import { makeImage } from "../conformance/content-factory.ts";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { ask, expectPull } from "../conformance/ways-of-asking.ts";
import { HOST, PATH, PullThrough } from "./pull-through.ts";

let far: PullThrough;
let near: LarderProcess;
beforeAll(async () => {
  far = await PullThrough.start();
  near = await startLarder({ arguments: ["--upstream", `${HOST}=${far.larder.url}/${HOST}`] });
});
afterAll(async () => {
  await near.stop();
  await far.stop();
});

test("what neither larder nor the registry has is absent, not an error", async () => {
  expect((await ask(near.url, { ns: HOST }, `${PATH}/manifests/none`)).status).toBe(404);
});

test("an image comes cold through two larders, and then from the nearer one alone", async () => {
  const image = makeImage();
  far.upstream.addImage(image, "1");
  await expectPull(near.url, { ns: HOST }, PATH, "1", image);
  for (const { digest } of [image.manifest, ...image.blobs]) {
    const asked = far.upstream.count({ reference: digest, method: "GET" });
    expect(asked).toBe(digest === image.manifest.digest ? 0 : 1);
  }
  await far.larder.kill();
  await expectPull(near.url, { ns: HOST }, PATH, "1", image);
});
