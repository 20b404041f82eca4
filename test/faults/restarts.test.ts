import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { stat, truncate } from "node:fs/promises";
import { digestOf, makeBlob } from "../conformance/content-factory.ts";
import { send } from "../conformance/registry-client.ts";
import { PacedReader } from "./paced-reader.ts";
import { endingOf, PullThrough } from "./pull-through.ts";
import { until } from "../until.ts";

const LAYER_BYTES = 6_000_000;
const HALF = 3_000_000;

let lab: PullThrough;
beforeAll(async () => {
  lab = await PullThrough.start();
});
afterEach(() => lab.upstream.behave());
afterAll(() => lab.stop());

async function leftoverOf(digest: string): Promise<string | undefined> {
  return (await lab.files("uploads")).find((file) => file.endsWith(digest.slice("sha256:".length)));
}

/** A blob half of which is on disk, from a larder that was killed; that file. */
async function addLeftover() {
  const blob = makeBlob(LAYER_BYTES);
  lab.upstream.add(blob);
  lab.upstream.misbehave({ reference: blob.digest }, { kind: "pause", afterBytes: HALF }, 1);
  const client = await PacedReader.open(lab.blobUrl(blob.digest));
  await client.readTo(1_500_000);
  await lab.restart();
  const file = (await leftoverOf(blob.digest)) ?? "";
  lab.upstream.requests.length = 0;
  return { ...blob, file, bytesThere: (await stat(file)).size };
}

describe("a download that kill -9 cut off", () => {
  test("is resumed by the next request, behind what is on disk", async () => {
    const blob = await addLeftover();
    // Readers that keep up are ahead of the disk by what is just being written.
    expect(blob.bytesThere).toBeWithin(500_000, HALF + 1);
    expect(digestOf((await send("GET", lab.blobUrl(blob.digest))).bytes)).toBe(blob.digest);
    const ranges = lab.upstream.requests.filter(({ method }) => method === "GET");
    expect(ranges.map(({ headers }) => headers.get("range"))).toEqual([`bytes=${blob.bytesThere}-`]);
    expect(await leftoverOf(blob.digest)).toBeUndefined();
  });

  test("is completed at a registry that knows no ranges", async () => {
    const blob = await addLeftover();
    lab.upstream.misbehave({ reference: blob.digest }, { kind: "no ranges" });
    expect(digestOf((await send("GET", lab.blobUrl(blob.digest))).bytes)).toBe(blob.digest);
  });

  test("whose file was spoilt ends in a reset, and the one after it is whole", async () => {
    const blob = await addLeftover();
    await Bun.write(blob.file, new Uint8Array(blob.bytesThere));
    expect((await endingOf(lab.blobUrl(blob.digest))).end).toBe("reset");
    await until("the leftover is gone", async () => (await leftoverOf(blob.digest)) === undefined);
    expect(digestOf((await send("GET", lab.blobUrl(blob.digest))).bytes)).toBe(blob.digest);
  });

  test.each([LAYER_BYTES, LAYER_BYTES + 5])("whose file has grown to %d bytes is fetched anew", async (size) => {
    const blob = await addLeftover();
    await truncate(blob.file, size);
    expect(digestOf((await send("GET", lab.blobUrl(blob.digest))).bytes)).toBe(blob.digest);
  });

  test("is no upload that a client can see, finish or cancel", async () => {
    const blob = await addLeftover();
    const id = blob.file.split("/").at(-1) ?? "";
    const session = `${lab.larder.url}/v2/team/app/blobs/uploads/${id}?ns=upstream.test`;
    expect((await send("GET", session)).status).toBe(404);
    expect((await send("DELETE", session)).status).toBe(404);
    expect((await send("PUT", `${session}&digest=${blob.digest}`)).status).toBe(404);
    expect(await leftoverOf(blob.digest)).toBe(blob.file);
  });
});
