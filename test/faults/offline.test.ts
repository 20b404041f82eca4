import { afterAll, beforeAll, expect, test } from "bun:test";
import { digestOf, makeBlob, makeImage } from "../conformance/content-factory.ts";
import { send, withQuery } from "../conformance/registry-client.ts";
import { HOST, PATH, PullThrough } from "./pull-through.ts";

let lab: PullThrough;
beforeAll(async () => {
  lab = await PullThrough.start({ arguments: ["--tags", "always"] });
});
afterAll(() => lab.stop());

test("offline, upstream is never contacted, what was pulled is served, and a miss says what to do", async () => {
  const image = lab.addImage("known");
  await lab.manifest("known");
  for (const { digest } of image.blobs) await send("GET", lab.blobUrl(digest));
  await lab.restart("--offline");
  const before = lab.upstream.count();

  const kept = await lab.manifest("known");
  expect([kept.status, kept.headers.get("warning")]).toEqual([200, null]);
  expect(kept.bytes).toEqual(image.manifest.bytes);
  for (const { digest } of image.blobs) {
    expect(digestOf((await send("GET", lab.blobUrl(digest))).bytes)).toBe(digest);
  }
  const referrers = withQuery(`${lab.larder.url}/v2/${PATH}/referrers/${image.manifest.digest}`, "ns", HOST);
  expect((await send("GET", referrers)).status).toBe(200);

  const other = makeImage();
  lab.upstream.addImage(other, "unknown");
  const missing = await lab.manifest("unknown");
  expect(missing.status).toBe(404);
  expect(missing.text).toContain(`${HOST}/${PATH}:unknown`);
  expect(missing.text).toContain("larder offline off");
  // Advice that cannot work now.
  expect(missing.text).not.toMatch(/larder cache|stand-in/);
  expect((await lab.manifest(other.manifest.digest)).status).toBe(404);
  for (const method of ["GET", "HEAD"]) {
    expect((await send(method, lab.blobUrl(makeBlob().digest))).status).toBe(404);
  }
  expect(lab.upstream.count()).toBe(before);
});

test("what was switched while larder ran holds when it was killed and starts again", async () => {
  const url = () => `${lab.larder.url}/api/v1/settings/offline`;
  const ask = async () => JSON.parse((await send("GET", url())).text) as unknown;
  const change = (offline: boolean) =>
    send("PUT", url(), { headers: { "content-type": "application/json" }, body: JSON.stringify({ offline }) });
  await lab.restart();
  expect(await ask()).toEqual({ offline: false });
  expect((await change(true)).status).toBe(200);
  await lab.restart();
  expect(await ask()).toEqual({ offline: true });
  expect((await change(false)).status).toBe(200);
  await lab.restart();
  expect(await ask()).toEqual({ offline: false });
});
