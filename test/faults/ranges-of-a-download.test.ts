import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { makeBlob } from "../conformance/content-factory.ts";
import { send } from "../conformance/registry-client.ts";
import { until } from "../until.ts";
import { PacedReader } from "./paced-reader.ts";
import { PullThrough } from "./pull-through.ts";

const LAYER_BYTES = 2_000_000;
const HALF = 1_000_000;
const RANGES = "bytes=100-199,1500000-1500099,-10";

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
  return blob;
}

/** What stands between the parts' heads and boundaries. */
function contentsOf(body: Uint8Array): readonly string[] {
  const text = Buffer.from(body).toString("latin1");
  const boundary = text.slice(0, text.indexOf("\r\n"));
  return text.split(boundary).flatMap((part) => {
    const head = part.indexOf("\r\n\r\n");
    return head < 0 ? [] : [part.slice(head + 4, -2)];
  });
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

describe("several ranges of a cold blob", () => {
  test("come each when its bytes have come, and no sooner than the rest of the answer allows", async () => {
    const blob = addHalvedBlob();
    const client = await PacedReader.open(lab.blobUrl(blob.digest), { Range: RANGES });
    expect(client.response.status).toBe(206);
    expect(client.response.headers.get("content-type")).toStartWith("multipart/byteranges; boundary=");
    // The head and the bytes of the first part, while upstream has not sent those of the second.
    const early = latin1(await client.readTo(250));
    expect(early).toContain(`\r\n\r\n${latin1(blob.bytes.subarray(100, 200))}`);
    expect(early).not.toContain(latin1(blob.bytes.subarray(1_500_000, 1_500_100)));
    lab.upstream.release();
    const parts = [
      [100, 200],
      [1_500_000, 1_500_100],
      [LAYER_BYTES - 10, LAYER_BYTES],
    ] as const;
    expect(contentsOf(await client.rest())).toEqual(parts.map(([from, to]) => latin1(blob.bytes.subarray(from, to))));
    expect(lab.upstream.count({ reference: blob.digest, method: "GET" })).toBe(1);
  });

  test("break off when the download does", async () => {
    const blob = makeBlob(LAYER_BYTES);
    lab.upstream.add(blob);
    lab.upstream.misbehave({ reference: blob.digest, method: "GET" }, { kind: "wrong bytes" });
    const response = await fetch(lab.blobUrl(blob.digest), { headers: { Range: RANGES } });
    await expect(response.arrayBuffer()).rejects.toThrow();
  });

  test("are sent with a length, and cost upstream nothing, once the blob is here", async () => {
    const blob = makeBlob(LAYER_BYTES);
    lab.upstream.add(blob);
    await send("GET", lab.blobUrl(blob.digest));
    const reply = await send("GET", lab.blobUrl(blob.digest), { headers: { Range: RANGES } });
    expect(reply.headers.get("content-length")).toBe(String(reply.bytes.byteLength));
    expect(contentsOf(reply.bytes)[2]).toBe(latin1(blob.bytes.subarray(-10)));
    expect(lab.upstream.count({ reference: blob.digest })).toBe(1);
  });

  test("whose client leaves while they wait go on for the others", async () => {
    const blob = addHalvedBlob();
    const leaving = await PacedReader.open(lab.blobUrl(blob.digest), { Range: RANGES });
    const staying = await PacedReader.open(lab.blobUrl(blob.digest), { Range: RANGES });
    await leaving.readTo(100);
    leaving.leave();
    await lab.takesWhatWasSent();
    lab.upstream.release();
    expect(contentsOf(await staying.rest())).toHaveLength(3);
    await until("the blob is here", async () => (await lab.files("uploads")).length === 0);
  });
});
