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

test("a request has one id on its way through both, which the client may choose", async () => {
  const image = makeImage();
  far.upstream.addImage(image, "named");
  const id = "node7/pull:4bf92f35";
  const response = await fetch(`${near.url}/v2/${PATH}/manifests/named?ns=${HOST}`, {
    headers: { "X-Request-ID": id },
  });
  expect([response.status, response.headers.get("x-request-id")]).toEqual([200, id]);
  const tellsOfIt = (larder: LarderProcess) => larder.output().includes(`"requestId":"${id}"`);
  for (let looks = 0; looks < 500 && ![near, far.larder].every(tellsOfIt); looks++) await Bun.sleep(10);
  const [line = ""] = near.output().match(RegExp(`^.*"requestId":"${id}".*"route":"manifest".*$`, "m")) ?? [];
  expect(JSON.parse(line)).toMatchObject({ status: 200, source: "upstream", upstream: HOST, reference: "named" });
  expect(tellsOfIt(far.larder)).toBe(true);
});

test("what an operator brings and removes has one id, too: upstream is asked under it, and the log says who did it", async () => {
  far.upstream.addImage(makeImage(), "operated");
  const name = `${HOST}/${PATH}:operated`;
  const headers = { "Content-Type": "application/json", "X-Request-ID": "operator-1" };
  const body = JSON.stringify({ image: name, platforms: "all" });
  const fetched = await fetch(`${near.url}/api/v1/fetches`, { method: "POST", headers, body });
  expect(await fetched.text()).toEndWith('{"kind":"done"}\n');
  const images = `${near.url}/api/v1/images/${name}`;
  expect((await fetch(images, { method: "DELETE", headers: { "X-Request-ID": "operator-2" } })).status).toBe(200);
  const ofEvent = (verb: string) =>
    near.output().match(RegExp(`^.*"message":"${verb}","image":"${name}".*$`, "m"))?.[0] ?? "";
  for (let looks = 0; looks < 500 && ofEvent("removed") === ""; looks++) await Bun.sleep(10);
  expect(JSON.parse(ofEvent("cached"))).toMatchObject({ requestId: "operator-1", by: "127.0.0.1" });
  expect(JSON.parse(ofEvent("removed"))).toMatchObject({ requestId: "operator-2", by: "127.0.0.1" });
  const isFarTold = () => far.larder.output().includes('"requestId":"operator-1"');
  for (let looks = 0; looks < 500 && !isFarTold(); looks++) await Bun.sleep(10);
  expect(isFarTold()).toBe(true);
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
