/** Larder's own names while the registry that they are looked for at lets everybody wait, or is gone. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { makeBlob, makeImage } from "../conformance/content-factory.ts";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { send } from "../conformance/registry-client.ts";
import { MisbehavingUpstream } from "./misbehaving-upstream.ts";

let hub: MisbehavingUpstream;
let larder: LarderProcess;
beforeAll(async () => {
  hub = await MisbehavingUpstream.start();
  larder = await startLarder({ arguments: ["--upstream", `docker.io=${hub.url}`] });
});
afterAll(async () => {
  await hub.stop();
  await larder.stop();
});

/** What clients ask before and while they push an image, and when they look for signatures; the answers' statuses. */
async function askAsPusher(name: string): Promise<readonly number[]> {
  const { manifest, blobs } = makeImage();
  const questions = [
    ["HEAD", `manifests/1`],
    ["HEAD", `manifests/${manifest.digest}`],
    ...blobs.map(({ digest }) => ["HEAD", `blobs/${digest}`]),
    ["GET", `referrers/${manifest.digest}`],
    ["HEAD", `manifests/${manifest.digest.replace(":", "-")}.sig`],
  ] as const;
  const statuses: number[] = [];
  for (const [method = "", path = ""] of questions) {
    statuses.push((await send(method, `${larder.url}/v2/${name}/${path}`)).status);
  }
  return statuses;
}

test("are waited for once, shortly, and then answered without a word to a registry that lets wait", async () => {
  hub.misbehave({}, { kind: "hang" });
  const first = await send("GET", `${larder.url}/v2/mine/app/manifests/1`);
  expect(first.status).toBe(404);
  expect(first.text).toContain("could not be fetched: docker.io has not answered within");
  const asked = hub.count();
  expect(asked).toBe(1);
  for (const name of ["mine/app", "mine/other", "docker.io/mine/app"]) {
    const statuses = await askAsPusher(name);
    expect(statuses).toEqual(statuses.map((status) => (status === 200 ? 200 : 404)));
  }
  expect(hub.count()).toBe(asked);
  // A pull is another thing: the registry may be slow, and nobody else has it.
  const pull = new AbortController();
  const pulled = fetch(`${larder.url}/v2/docker.io/mine/app/manifests/2`, { signal: pull.signal }).catch(() => null);
  while (hub.count() === asked) await Bun.sleep(10);
  pull.abort();
  await pulled;
}, 40_000);

test("are looked for again when the registry answers", async () => {
  hub.behave();
  const image = makeImage();
  hub.addImage(image, "found");
  const found = async () => (await send("GET", `${larder.url}/v2/mine/app/manifests/found`)).status;
  while ((await found()) !== 200) await Bun.sleep(100);
}, 40_000);

test("are answered when it is gone, and so are blobs that only it could have", async () => {
  await hub.stop();
  for (const name of ["mine/fresh", "docker.io/mine/fresh"]) {
    const statuses = await askAsPusher(name);
    expect(statuses).toEqual(statuses.map((status) => (status === 200 ? 200 : 404)));
  }
  const pull = await send("GET", `${larder.url}/v2/docker.io/mine/fresh/blobs/${makeBlob().digest}`);
  expect(pull.status).toBe(502);
  expect(pull.text).toContain("could not be fetched");
  const status = await (await fetch(`${larder.url}/api/v1/health`)).json();
  expect(status).toMatchObject({ upstreams: expect.arrayContaining([expect.objectContaining({ state: "away" })]) });
}, 40_000);
