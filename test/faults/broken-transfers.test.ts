import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestOf, makeBlob } from "../conformance/content-factory.ts";
import { send } from "../conformance/registry-client.ts";
import type { Fault } from "./fault.ts";
import { MisbehavingUpstream } from "./misbehaving-upstream.ts";
import { PacedReader } from "./paced-reader.ts";
import { endingOf, HOST, PullThrough } from "./pull-through.ts";
import { until } from "../until.ts";

const LAYER_BYTES = 2_000_000;

let lab: PullThrough;
let hopeless: ReturnType<typeof startHopeless>;
beforeAll(async () => {
  hopeless = startHopeless();
  lab = await PullThrough.start();
});
afterEach(() => lab.upstream.behave());
afterAll(() => lab.stop());

function addBlob(bytes = LAYER_BYTES) {
  const blob = makeBlob(bytes);
  lab.upstream.add(blob);
  const ranges = () =>
    lab.upstream.requests
      .filter(({ reference, method }) => reference === blob.digest && method === "GET")
      .map(({ headers }) => headers.get("range") ?? "");
  return { ...blob, ranges };
}

/** Nothing of the blob is kept, and it is fetched anew once upstream is well. */
async function expectNothingLeft(blob: { digest: string }): Promise<void> {
  await until("nothing is left among the uploads", async () => (await lab.files("uploads")).length === 0);
  expect((await lab.files("blobs")).filter((file) => file.includes(blob.digest.slice(7)))).toEqual([]);
  lab.upstream.behave();
  expect(digestOf((await send("GET", lab.blobUrl(blob.digest))).bytes)).toBe(blob.digest);
}

describe("a transfer from upstream", () => {
  test("that breaks off is resumed where it broke, and its client sees nothing of it", async () => {
    const blob = addBlob();
    for (const afterBytes of [700_000, 300_000]) {
      lab.upstream.misbehave({ reference: blob.digest }, { kind: "cut", afterBytes }, 1);
    }
    const reply = await send("GET", lab.blobUrl(blob.digest));
    expect(digestOf(reply.bytes)).toBe(blob.digest);
    // What was on its way when the connection broke may be lost.
    const [first, second, third] = blob.ranges().map((range) => Number(/^bytes=(\d+)-$/.exec(range)?.[1] ?? 0));
    expect(first).toBe(0);
    expect(second).toBeWithin(1, 700_001);
    expect(third).toBeWithin((second ?? 0) + 1, 1_000_001);
    expect(blob.ranges()).toHaveLength(3);
  });

  test("that breaks off at a registry without ranges is begun anew, unseen", async () => {
    const blob = addBlob();
    const faults: Fault[] = [{ kind: "no ranges" }];
    lab.upstream.misbehave({ reference: blob.digest }, [...faults, { kind: "cut", afterBytes: 700_000 }], 1);
    lab.upstream.misbehave({ reference: blob.digest }, faults);
    expect(digestOf((await send("GET", lab.blobUrl(blob.digest))).bytes)).toBe(blob.digest);
    expect(blob.ranges()).toHaveLength(2);
  });

  test("of a registry that goes away in the midst of it ends in a reset for all clients", async () => {
    const blob = addBlob();
    lab.upstream.misbehave({ reference: blob.digest }, { kind: "cut", afterBytes: 500_000 }, 1);
    lab.upstream.misbehave({ reference: blob.digest }, { kind: "status", status: 404 });
    const endings = await Promise.all(Array.from({ length: 5 }, () => endingOf(lab.blobUrl(blob.digest))));
    // Who was not sent anything yet, because others read along, is told by a status.
    for (const { status, end } of endings) if (status !== 502) expect(end).toBe("reset");
    await expectNothingLeft(blob);
  });

  test.each([1, 300, LAYER_BYTES])("of %d wrong bytes is never taken for the blob, by anyone", async (bytes) => {
    const blob = addBlob(bytes);
    lab.upstream.misbehave({ reference: blob.digest, method: "GET" }, { kind: "wrong bytes" });
    const endings = await Promise.all(Array.from({ length: 5 }, () => endingOf(lab.blobUrl(blob.digest))));
    // Who was not sent anything yet, because it came all at once or others read along, is told by a status.
    for (const { status, end } of endings) {
      if (bytes < LAYER_BYTES) expect(status).toBe(502);
      else if (status !== 502) expect(end).toBe("reset");
    }
    await expectNothingLeft(blob);
  });

  test.each([-1000, 1000])("that states a length wrong by %d bytes is never taken for the blob", async (byBytes) => {
    const blob = addBlob();
    lab.upstream.misbehave({ reference: blob.digest, method: "GET" }, { kind: "wrong length", byBytes });
    const { status, end } = await endingOf(lab.blobUrl(blob.digest), 20_000);
    if (status === 200) expect(end).toBe("reset");
    await expectNothingLeft(blob);
  });

  test("by a redirect to another host goes there without the registry's authorization", async () => {
    const storage = await MisbehavingUpstream.start();
    try {
      const blob = makeBlob(40_000);
      storage.add(blob);
      lab.upstream.misbehave(
        { reference: blob.digest },
        { kind: "redirect", to: `${storage.url}/v2/x/blobs/${blob.digest}` },
      );
      expect(digestOf((await send("GET", lab.blobUrl(blob.digest))).bytes)).toBe(blob.digest);
      expect(storage.requests.map(({ headers }) => headers.has("authorization"))).toEqual([false]);
    } finally {
      await storage.stop();
    }
  });

  test("that is answered by 429 or 500 tells the client so, with the reason, after few attempts", async () => {
    const statuses = [
      [429, { "Retry-After": "3600" }, 429],
      [429, {}, 429],
      [500, {}, 502],
    ] as const;
    for (const [status, headers, expected] of statuses) {
      const blob = addBlob(100);
      lab.upstream.misbehave({ reference: blob.digest }, { kind: "status", status, headers });
      const reply = await send("GET", lab.blobUrl(blob.digest));
      expect(reply.status).toBe(expected);
      expect(reply.text).toContain(`answered ${status}`);
      expect(blob.ranges().length).toBeLessThanOrEqual(4);
    }
  });

  test("that is answered by 429 with a short Retry-After is tried again after it", async () => {
    const blob = addBlob(1000);
    const fault: Fault = { kind: "status", status: 429, headers: { "Retry-After": "1" } };
    lab.upstream.misbehave({ reference: blob.digest }, fault, 1);
    expect((await send("GET", lab.blobUrl(blob.digest))).status).toBe(200);
    expect(blob.ranges()).toHaveLength(2);
  });
});

test("a manifest of other bytes than its digest says is refused and not kept", async () => {
  const { manifest } = lab.addImage();
  lab.upstream.misbehave({ reference: manifest.digest }, { kind: "wrong bytes" }, 1);
  expect((await lab.manifest(manifest.digest)).status).toBe(502);
  expect((await lab.manifest(manifest.digest)).bytes).toEqual(manifest.bytes);
});

test("a manifest that breaks off is not kept", async () => {
  const { manifest } = lab.addImage("halved");
  lab.upstream.misbehave({ reference: "halved" }, { kind: "cut", afterBytes: 100 });
  expect((await lab.manifest("halved")).status).toBe(502);
  lab.upstream.behave();
  expect((await lab.manifest("halved")).bytes).toEqual(manifest.bytes);
});

test("a tag that leads to what is no manifest is refused and not kept", async () => {
  for (const body of ["", "<html>", "[]", '{"schemaVersion":2}', '{"schemaVersion":2,"config":{}}']) {
    lab.upstream.misbehave({ reference: "nonsense" }, { kind: "status", status: 200, body }, 1);
    expect((await lab.manifest("nonsense")).status).toBe(502);
  }
  expect((await lab.manifest("nonsense")).status).toBe(404);
});

describe("with a mirror", () => {
  let mirror: MisbehavingUpstream;
  let mirrored: PullThrough;
  let folder: string;
  beforeAll(async () => {
    mirror = await MisbehavingUpstream.start();
    folder = await mkdtemp(join(tmpdir(), "larder-test-"));
    const config = join(folder, "larder.yaml");
    await Bun.write(config, `upstreams: {${HOST}: {mirrors: ["${mirror.url}"]}}`);
    mirrored = await PullThrough.start({ arguments: ["--config", config] });
  });
  afterAll(async () => {
    await mirrored.stop();
    await mirror.stop();
    await rm(folder, { recursive: true });
  });

  test("content comes from the mirror, and from the registry what the mirror lacks", async () => {
    const [there, here] = [makeBlob(), makeBlob()];
    mirror.add(there);
    mirrored.upstream.add(there, here);
    for (const blob of [there, here]) {
      expect(digestOf((await send("GET", mirrored.blobUrl(blob.digest))).bytes)).toBe(blob.digest);
    }
    expect(mirrored.upstream.requests.map(({ reference }) => reference)).toEqual([here.digest]);
  });

  test("a body that breaks off at the mirror is resumed at the registry", async () => {
    const blob = makeBlob(LAYER_BYTES);
    for (const server of [mirror, mirrored.upstream]) server.add(blob);
    mirror.misbehave({ reference: blob.digest }, { kind: "cut", afterBytes: 600_000 });
    const reader = await PacedReader.open(mirrored.blobUrl(blob.digest));
    expect(digestOf(await reader.rest())).toBe(blob.digest);
    const resumed = mirrored.upstream.requests.filter(({ reference }) => reference === blob.digest);
    // What had come but was not read yet when the connection broke may be asked for again.
    const offsets = resumed.map(({ headers }) => Number(/^bytes=(\d+)-$/.exec(headers.get("range") ?? "")?.[1]));
    expect(offsets).toHaveLength(1);
    expect(offsets[0]).toBeWithin(1, 600_001);
    expect(mirror.count({ reference: blob.digest })).toBe(1);
  });
});

test("a body that breaks off each time before its first byte is a 502, and nothing is kept", async () => {
  const { ending, blob, doomed } = await hopeless;
  expect(await ending).toEqual({ status: 502, end: "whole" });
  expect(doomed.upstream.count({ reference: blob.digest })).toBeWithin(3, 30);
  await until("nothing is left among the uploads", async () => (await doomed.files("uploads")).length === 0);
  expect(await doomed.files("blobs")).toEqual([]);
  await doomed.stop();
});

/** A transfer that larder gives up only after some seconds; it goes on beside the other tests. */
async function startHopeless() {
  const doomed = await PullThrough.start();
  const blob = makeBlob(LAYER_BYTES);
  doomed.upstream.add(blob);
  doomed.upstream.misbehave({}, { kind: "cut", afterBytes: 0 });
  return { doomed, blob, ending: endingOf(doomed.blobUrl(blob.digest), 20_000) };
}
