import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { type Content, describeManifest, digestOf, makeBlob, makeImage } from "../conformance/content-factory.ts";
import { send } from "../conformance/registry-client.ts";
import { MisbehavingUpstream } from "./misbehaving-upstream.ts";
import { PacedReader } from "./paced-reader.ts";
import { HOST, PATH, PullThrough } from "./pull-through.ts";
import { until } from "../until.ts";

const OTHER_HOST = "other.test";
const LAYER_BYTES = 2_000_000;

let other: MisbehavingUpstream;
let lab: PullThrough;
beforeAll(async () => {
  other = await MisbehavingUpstream.start();
  lab = await PullThrough.start({ arguments: ["--upstream", `${OTHER_HOST}=${other.url}`] });
});
afterEach(() => {
  lab.upstream.behave();
  other.behave();
});
afterAll(async () => {
  await lab.stop();
  await other.stop();
});

const get = (digest: string, host: string, path = PATH) => send("GET", lab.blobUrl(digest, path, host));
const head = (digest: string, host: string) => send("HEAD", lab.blobUrl(digest, PATH, host));

/** Has larder know, under the other registry's name, an image that has this blob for a layer. */
async function referByOther(blob: Content, path: string): Promise<void> {
  const layers = [
    { mediaType: "application/vnd.oci.image.layer.v1.tar", digest: blob.digest, size: blob.bytes.length },
  ];
  const image = makeImage({ layers });
  other.addImage(image);
  expect((await send("GET", lab.manifestUrl(image.manifest.digest, path, OTHER_HOST))).status).toBe(200);
}

describe("a blob that came through one registry", () => {
  test("is not given out for another one that does not have it", async () => {
    const blob = makeBlob();
    lab.upstream.add(blob);
    expect((await get(blob.digest, HOST)).status).toBe(200);
    expect((await get(blob.digest, OTHER_HOST)).status).toBe(404);
    expect((await head(blob.digest, OTHER_HOST)).status).toBe(404);
  });

  test("is not given out for another one while it is on its way", async () => {
    const blob = makeBlob(LAYER_BYTES);
    lab.upstream.add(blob);
    lab.upstream.misbehave({ reference: blob.digest }, { kind: "pause", afterBytes: 1_000_000 });
    const reader = await PacedReader.open(lab.blobUrl(blob.digest));
    await reader.readTo(1);
    expect((await head(blob.digest, OTHER_HOST)).status).toBe(404);
    expect((await get(blob.digest, OTHER_HOST)).status).toBe(404);
    lab.upstream.release();
    expect(digestOf(await reader.rest())).toBe(blob.digest);
    expect((await get(blob.digest, OTHER_HOST)).status).toBe(404);
  });

  test("is not fetched again for another one whose image has it", async () => {
    const blob = makeBlob(LAYER_BYTES);
    for (const upstream of [lab.upstream, other]) upstream.add(blob);
    expect((await get(blob.digest, HOST)).status).toBe(200);
    await referByOther(blob, "their/app");
    expect((await send("HEAD", lab.blobUrl(blob.digest, "their/app", OTHER_HOST))).status).toBe(200);
    expect(digestOf((await get(blob.digest, OTHER_HOST, "their/app")).bytes)).toBe(blob.digest);
    expect(other.count({ reference: blob.digest })).toBe(0);
  });

  test("is shared on its way with another one whose image has it", async () => {
    const blob = makeBlob(LAYER_BYTES);
    for (const upstream of [lab.upstream, other]) upstream.add(blob);
    await referByOther(blob, "their/shared");
    lab.upstream.misbehave({ reference: blob.digest }, { kind: "pause", afterBytes: 1_000_000 });
    const first = await PacedReader.open(lab.blobUrl(blob.digest));
    await first.readTo(1);
    const second = await PacedReader.open(lab.blobUrl(blob.digest, "their/shared", OTHER_HOST));
    await second.readTo(1);
    lab.upstream.release();
    for (const reader of [first, second]) expect(digestOf(await reader.rest())).toBe(blob.digest);
    expect(other.count({ reference: blob.digest })).toBe(0);
    expect(lab.upstream.count({ reference: blob.digest })).toBe(1);
  });
});

test("a registry that lacks a blob, or is down, does not keep another one from giving it", async () => {
  for (const fault of [{ kind: "hang" }, { kind: "status", status: 403 }] as const) {
    const blob = makeBlob();
    other.add(blob);
    lab.upstream.misbehave({ reference: blob.digest }, [{ kind: "hang" }, fault]);
    const first = get(blob.digest, HOST);
    await until("the first is asked", () => lab.upstream.count({ reference: blob.digest }) === 1);
    const second = get(blob.digest, OTHER_HOST);
    await lab.takesWhatWasSent();
    lab.upstream.release();
    expect((await first).status).toBe(404);
    expect(digestOf((await second).bytes)).toBe(blob.digest);
  }
});

test("the same name and tag of two registries are two images", async () => {
  const [mine, theirs] = [makeImage(), makeImage()];
  lab.upstream.addImage(mine, "same");
  other.addImage(theirs, "same");
  const pulled = await Promise.all([HOST, OTHER_HOST].map((host) => send("GET", lab.manifestUrl("same", PATH, host))));
  expect(pulled.map(({ bytes }) => digestOf(bytes))).toEqual([mine, theirs].map(({ manifest }) => manifest.digest));
  expect(describeManifest(mine.manifest).digest).not.toBe(theirs.manifest.digest);
});
