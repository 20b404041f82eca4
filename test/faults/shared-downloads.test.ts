import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { type Content, digestOf, makeBlob } from "../conformance/content-factory.ts";
import { send } from "../conformance/registry-client.ts";
import { PacedReader } from "./paced-reader.ts";
import { PullThrough } from "./pull-through.ts";
import { until } from "../until.ts";

const CLIENTS = 50;
const LAYER_BYTES = 2_000_000;
const HALF = 1_500_000;
const SOME = 200_000;

let lab: PullThrough;
beforeAll(async () => {
  lab = await PullThrough.start();
});
afterEach(() => lab.upstream.behave());
afterAll(() => lab.stop());

/** A blob of which upstream sends the first half, and the rest when it is released. */
function addHalvedBlob() {
  const blob = makeBlob(LAYER_BYTES);
  lab.upstream.add(blob);
  lab.upstream.misbehave({ reference: blob.digest, method: "GET" }, { kind: "pause", afterBytes: HALF });
  return { ...blob, gets: () => lab.upstream.count({ reference: blob.digest, method: "GET" }) };
}

/** A blob of an image of which the manifest alone has been pulled. */
async function pulledImagesBlob(): Promise<Content> {
  const { manifest, blobs } = lab.addImage();
  await lab.manifest(manifest.digest);
  return blobs[1] ?? makeBlob();
}

function expectBeginning(received: Uint8Array, whole: Content): void {
  expect(received.byteLength).toBeWithin(SOME, whole.bytes.byteLength);
  expect(Buffer.compare(received, whole.bytes.subarray(0, received.byteLength))).toBe(0);
}

describe("a cold blob", () => {
  test("reaches its client while upstream is still sending", async () => {
    const blob = addHalvedBlob();
    const client = await PacedReader.open(lab.blobUrl(blob.digest));
    expect(client.response.status).toBe(200);
    expectBeginning(await client.readTo(SOME), blob);
    lab.upstream.release();
    expect(digestOf(await client.rest())).toBe(blob.digest);
  });

  test("reaches its client as far as upstream has sent it, though upstream sends no more", async () => {
    const blob = addHalvedBlob();
    const client = await PacedReader.open(lab.blobUrl(blob.digest));
    expect((await client.readTo(HALF)).byteLength).toBe(HALF);
    // Not because larder lost patience and asked again.
    expect(blob.gets()).toBe(1);
    lab.upstream.release();
    expect(digestOf(await client.rest())).toBe(blob.digest);
  });

  test("reaches its client piece by piece, as upstream sends it", async () => {
    const blob = makeBlob(100_000);
    lab.upstream.add(blob);
    lab.upstream.misbehave({ reference: blob.digest }, { kind: "steps", pieceBytes: 20_000 });
    const client = await PacedReader.open(lab.blobUrl(blob.digest));
    for (let bytes = 20_000; bytes < 100_000; bytes += 20_000) {
      expect((await client.readTo(bytes)).byteLength).toBe(bytes);
      await until("upstream waits before the next piece", () => lab.upstream.held() === 1);
      lab.upstream.release();
    }
    expect(digestOf(await client.rest())).toBe(blob.digest);
  });

  test(`is asked for once when ${CLIENTS} clients want it at once`, async () => {
    const blob = addHalvedBlob();
    const bodies = Array.from({ length: CLIENTS }, () => send("GET", lab.blobUrl(blob.digest)));
    await until("upstream is asked", () => blob.gets() > 0);
    await lab.takesWhatWasSent();
    lab.upstream.release();
    for (const reply of await Promise.all(bodies)) {
      expect(reply.status).toBe(200);
      expect(digestOf(reply.bytes)).toBe(blob.digest);
    }
    expect(blob.gets()).toBe(1);
    expect(lab.upstream.count({ reference: blob.digest, method: "HEAD" })).toBe(0);
  });

  test("gives a late comer what is on disk, and then the rest as it comes", async () => {
    const blob = addHalvedBlob();
    const first = await PacedReader.open(lab.blobUrl(blob.digest));
    await first.readTo(SOME);
    const late = await PacedReader.open(lab.blobUrl(blob.digest));
    expectBeginning(await late.readTo(SOME), blob);
    lab.upstream.release();
    for (const client of [late, first]) expect(digestOf(await client.rest())).toBe(blob.digest);
    expect(blob.gets()).toBe(1);
  });

  test("is sent from its file to the fifth client and all that follow, when it is nearly here", async () => {
    const blob = makeBlob(LAYER_BYTES);
    lab.upstream.add(blob);
    lab.upstream.misbehave(
      { reference: blob.digest, method: "GET" },
      { kind: "pause", afterBytes: LAYER_BYTES - 1000 },
    );
    const early: PacedReader[] = [];
    for (let client = 0; client < 4; client++) early.push(await PacedReader.open(lab.blobUrl(blob.digest)));
    await early[0]?.readTo(SOME);
    const late = Array.from({ length: 6 }, () => PacedReader.open(lab.blobUrl(blob.digest)));
    await lab.takesWhatWasSent();
    lab.upstream.release();
    // What is read along has no stated length, a file has.
    for (const client of early) expect(client.response.headers.get("content-length")).toBeNull();
    for (const client of await Promise.all(late)) {
      expect(client.response.headers.get("content-length")).toBe(String(LAYER_BYTES));
      expect(digestOf(await client.rest())).toBe(blob.digest);
    }
    for (const client of early) expect(digestOf(await client.rest())).toBe(blob.digest);
  });

  test("is not held up by a client that reads nothing", async () => {
    const blob = makeBlob(24 * 1024 * 1024);
    lab.upstream.add(blob);
    const slow = await PacedReader.open(lab.blobUrl(blob.digest));
    await slow.readTo(1);
    const fast = await send("GET", lab.blobUrl(blob.digest));
    expect(digestOf(fast.bytes)).toBe(blob.digest);
    expect(slow.receivedBytes).toBeLessThan(blob.bytes.byteLength / 2);
    expect(digestOf(await slow.rest())).toBe(blob.digest);
    expect(lab.upstream.count({ reference: blob.digest })).toBe(1);
  });

  test("is kept although its only client has left", async () => {
    const blob = addHalvedBlob();
    const client = await PacedReader.open(lab.blobUrl(blob.digest));
    await client.readTo(1000);
    client.leave();
    await lab.takesWhatWasSent();
    lab.upstream.release();
    await until("the blob is on disk", async () =>
      (await lab.files("blobs")).some((file) => file.endsWith(blob.digest.slice("sha256:".length))),
    );
    lab.upstream.remove(blob.digest);
    expect(digestOf((await send("GET", lab.blobUrl(blob.digest))).bytes)).toBe(blob.digest);
    expect(blob.gets()).toBe(1);
  });

  test("of an image that was pulled is answered by HEAD without being fetched", async () => {
    const blob = await pulledImagesBlob();
    const head = await send("HEAD", lab.blobUrl(blob.digest));
    expect([head.status, head.headers.get("content-length")]).toEqual([200, String(blob.bytes.byteLength)]);
    expect(head.headers.get("docker-content-digest")).toBe(blob.digest);
    expect(lab.upstream.count({ reference: blob.digest, method: "GET" })).toBe(0);
  });

  test("of an image that was pulled is answered by HEAD though upstream's HEAD gives no length", async () => {
    const blob = await pulledImagesBlob();
    lab.upstream.misbehave({ reference: blob.digest, method: "HEAD" }, { kind: "no length" });
    const head = await send("HEAD", lab.blobUrl(blob.digest));
    expect([head.status, head.headers.get("content-length")]).toEqual([200, String(blob.bytes.byteLength)]);
  });

  test("of no image that was pulled is not asked for by HEAD: a push must not wait for upstream", async () => {
    const blob = makeBlob();
    lab.upstream.add(blob);
    expect((await send("HEAD", lab.blobUrl(blob.digest))).status).toBe(404);
    expect(lab.upstream.count({ reference: blob.digest })).toBe(0);
  });

  test("is fetched though upstream gives no length to what it sends", async () => {
    const blob = makeBlob(500_000);
    lab.upstream.add(blob);
    lab.upstream.misbehave({ reference: blob.digest, method: "GET" }, { kind: "no length" });
    const reply = await send("GET", lab.blobUrl(blob.digest));
    expect(reply.status, reply.text.slice(0, 300)).toBe(200);
    expect(digestOf(reply.bytes)).toBe(blob.digest);
  });

  test.each([
    ["bytes=1200000-", 1_200_000, LAYER_BYTES],
    ["bytes=100-1099", 100, 1100],
    ["bytes=-500", LAYER_BYTES - 500, LAYER_BYTES],
  ])("gives the range %s, and is fetched whole for it", async (range, start, end) => {
    const blob = makeBlob(LAYER_BYTES);
    lab.upstream.add(blob);
    const reply = await send("GET", lab.blobUrl(blob.digest), { headers: { Range: range } });
    expect(reply.status).toBe(206);
    expect(reply.headers.get("content-range")).toBe(`bytes ${start}-${end - 1}/${LAYER_BYTES}`);
    expect(Buffer.compare(reply.bytes, blob.bytes.subarray(start, end))).toBe(0);
    expect(digestOf((await send("GET", lab.blobUrl(blob.digest))).bytes)).toBe(blob.digest);
    expect(lab.upstream.count({ reference: blob.digest, method: "GET" })).toBe(1);
  });

  test("of no bytes is fetched and checked like any other", async () => {
    const empty = makeBlob(0);
    lab.upstream.add(empty);
    const reply = await send("GET", lab.blobUrl(empty.digest));
    expect([reply.status, reply.bytes.byteLength]).toEqual([200, 0]);
  });

  test("with a sha512 digest is fetched and checked by it", async () => {
    const blob = makeBlob(20_000, "sha512");
    lab.upstream.add(blob);
    const reply = await send("GET", lab.blobUrl(blob.digest));
    expect(digestOf(reply.bytes, "sha512")).toBe(blob.digest);
  });
});

test("small cold blobs are asked for once each, however their many clients come", async () => {
  const blobs = Array.from({ length: 60 }, () => makeBlob(200));
  lab.upstream.add(...blobs);
  const pulls = blobs.flatMap(({ digest }, index) =>
    Array.from({ length: 8 }, async (_, client) => {
      await Bun.sleep(((index * 7 + client * 13) % 40) / 4);
      expect(digestOf((await send("GET", lab.blobUrl(digest))).bytes)).toBe(digest);
    }),
  );
  await Promise.all(pulls);
  const asked = blobs.map(({ digest }) => lab.upstream.count({ reference: digest }));
  expect(asked).toEqual(blobs.map(() => 1));
});

test(`a cold tag is asked for once when ${CLIENTS} clients want it at once`, async () => {
  const { manifest } = lab.addImage("crowded");
  lab.upstream.misbehave({ reference: "crowded" }, { kind: "hang" });
  const replies = Array.from({ length: CLIENTS }, () => lab.manifest("crowded"));
  await until("upstream is asked", () => lab.upstream.count({ reference: "crowded" }) > 0);
  await lab.takesWhatWasSent();
  lab.upstream.release();
  for (const reply of await Promise.all(replies)) {
    expect(reply.status).toBe(200);
    expect(reply.bytes).toEqual(manifest.bytes);
  }
  expect(lab.upstream.count({ reference: "crowded" })).toBe(1);
});
