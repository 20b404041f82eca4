/** Upstream gives a blob's header and then none of its bytes: larder's answer is not given before it can be kept. */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { digestOf, makeBlob } from "../conformance/content-factory.ts";
import { expectError } from "../conformance/expect-error.ts";
import { RawConnection } from "../conformance/raw-http.ts";
import { send } from "../conformance/registry-client.ts";
import { MisbehavingUpstream } from "./misbehaving-upstream.ts";
import { PATH, PullThrough } from "./pull-through.ts";
import { until } from "../until.ts";

const OTHER = "other.test";

let other: MisbehavingUpstream;
let lab: PullThrough;
beforeAll(async () => {
  other = await MisbehavingUpstream.start();
  lab = await PullThrough.start({ arguments: ["--upstream", `${OTHER}=${other.url}`] });
});
afterEach(() => {
  lab.upstream.behave();
  other.behave();
});
afterAll(async () => {
  await other.stop();
  await lab.stop();
});

function addBlob(bytes = 400_000) {
  const blob = makeBlob(bytes);
  lab.upstream.add(blob);
  return blob;
}

test("all who want a blob that breaks off before its first byte are told so, after resuming was tried", async () => {
  const blob = addBlob();
  lab.upstream.misbehave({ reference: blob.digest }, { kind: "cut", afterBytes: 0 });
  const clients = Array.from({ length: 8 }, () => send("GET", lab.blobUrl(blob.digest)));
  const range = { headers: { Range: "bytes=5-" } };
  for (const reply of await Promise.all([...clients, send("GET", lab.blobUrl(blob.digest), range)])) {
    expectError(reply, 502, "UPSTREAM_UNAVAILABLE");
    expect(reply.text).toContain("broke off its answer");
    expect(reply.text).toContain(lab.upstream.url);
  }
  expect(lab.upstream.count({ reference: blob.digest })).toBeWithin(3, 30);
}, 20_000);

test("a blob that breaks off before its first byte once is had by resuming", async () => {
  const blob = addBlob();
  lab.upstream.misbehave({ reference: blob.digest }, { kind: "cut", afterBytes: 0 }, 1);
  const reply = await send("GET", lab.blobUrl(blob.digest));
  expect([reply.status, digestOf(reply.bytes)]).toEqual([200, blob.digest]);
});

test("a blob that upstream no longer has, once its first answer broke off, is unknown", async () => {
  const blob = addBlob();
  lab.upstream.misbehave({ reference: blob.digest }, { kind: "cut", afterBytes: 0 }, 1);
  lab.upstream.misbehave({ reference: blob.digest }, { kind: "status", status: 404 });
  for (const reply of await Promise.all([1, 2].map(() => send("GET", lab.blobUrl(blob.digest))))) {
    expectError(reply, 404, "BLOB_UNKNOWN");
  }
});

test("a client gets no header while upstream sends no byte, and may leave; the next one gets the blob", async () => {
  const blob = addBlob();
  lab.upstream.misbehave({ reference: blob.digest }, { kind: "pause", afterBytes: 0 });
  const { host, pathname, search } = new URL(lab.blobUrl(blob.digest));
  const early = await RawConnection.open(lab.larder.url);
  await early.write(`GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  await until("upstream is asked", () => lab.upstream.count({ reference: blob.digest }) > 0);
  expect((await early.read((wire) => wire.length > 0, 200)).toString()).toBe("");
  early.destroy();
  const next = send("GET", lab.blobUrl(blob.digest));
  await lab.takesWhatWasSent();
  lab.upstream.release();
  expect(digestOf((await next).bytes)).toBe(blob.digest);
  expect(lab.upstream.count({ reference: blob.digest })).toBe(1);
});

test("one registry's failure is not another's: who wants the same blob from there gets it", async () => {
  const blob = addBlob();
  other.add(blob);
  lab.upstream.misbehave({ reference: blob.digest }, { kind: "cut", afterBytes: 0 });
  const failing = send("GET", lab.blobUrl(blob.digest));
  await until("upstream is asked", () => lab.upstream.count({ reference: blob.digest }) > 0);
  const reply = await send("GET", lab.blobUrl(blob.digest, PATH, OTHER));
  expect([reply.status, digestOf(reply.bytes)]).toEqual([200, blob.digest]);
  expect((await failing).status).toBe(502);
}, 20_000);

test.each([
  ["cannot be asked for", [{ method: "HEAD", fault: { kind: "drop" } }]],
  [
    "sends none of, when only its body would tell its size",
    [
      { method: "HEAD", fault: { kind: "no length" } },
      { method: "GET", fault: { kind: "cut", afterBytes: 0 } },
    ],
  ],
] as const)(
  "HEAD of a blob that upstream %s is no promise",
  async (_what, faults) => {
    const { manifest, blobs } = lab.addImage();
    await lab.manifest(manifest.digest);
    const [{ digest } = makeBlob()] = blobs;
    for (const { method, fault } of faults) lab.upstream.misbehave({ reference: digest, method }, fault);
    // To one who may push, the blob is not there: it is better pushed than waited for.
    expect((await send("HEAD", lab.blobUrl(digest))).status).toBe(404);
    expect(lab.upstream.count({ reference: digest })).toBeGreaterThan(0);
  },
  20_000,
);
