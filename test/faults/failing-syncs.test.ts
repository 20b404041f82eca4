/** A disk that refuses to make bytes durable: what is answered by a failure is not there. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { freshName, makeBlob, makeImage } from "../conformance/content-factory.ts";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import {
  blobUrl,
  manifestUrl,
  patchChunk,
  pushBlob,
  pushImage,
  putManifest,
  send,
  startUpload,
} from "../conformance/registry-client.ts";
import { requirement } from "../requirement.ts";
import { until } from "../until.ts";

const lab = requirement("root", "strace");
const OCTETS = { "Content-Type": "application/octet-stream" };

describe.skipIf(!lab.met)("on a disk whose syncs fail", () => {
  let larder: LarderProcess;
  beforeAll(async () => {
    larder = await startLarder();
  });
  afterAll(() => larder.stop());

  /** Does a push fail? */
  async function probe(): Promise<boolean> {
    const { bytes, digest } = makeBlob(10);
    const url = `${larder.url}/v2/probe/blobs/uploads/?digest=${digest}`;
    return (await send("POST", url, { headers: OCTETS, body: bytes })).status === 503;
  }

  /** Does work while each sync of larder's is answered by an error. */
  async function whileBroken<T>(work: () => Promise<T>): Promise<T> {
    const inject = "inject=fsync,fdatasync:error=EIO";
    const command = ["strace", "-f", "-p", String(larder.pid), "-e", "trace=fsync,fdatasync", "-e", inject];
    const tracer = Bun.spawn(command, { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
    try {
      // It takes hold of one thread after the other: of all, when many syncs at once have failed.
      await until("all syncs fail", async () => (await Promise.all(Array.from({ length: 12 }, probe))).every(Boolean));
      return await work();
    } finally {
      tracer.kill("SIGTERM");
      await tracer.exited;
    }
  }

  test("a push that fails is not seen, and the same push is good when the disk is", async () => {
    const name = freshName();
    const [first, second] = [makeImage(), makeImage()];
    await pushImage(larder.url, name, first, "v1");
    for (const blob of second.blobs) await pushBlob(larder.url, name, blob);
    const late = makeBlob();
    await whileBroken(async () => {
      expect((await putManifest(larder.url, name, second.manifest, "v1")).status).toBe(503);
      const url = `${larder.url}/v2/${name}/blobs/uploads/?digest=${late.digest}`;
      expect((await send("POST", url, { headers: OCTETS, body: late.bytes })).status).toBe(503);
      expect((await send("DELETE", manifestUrl(larder.url, name, "v1"))).status).toBe(503);
    });
    expect((await send("GET", manifestUrl(larder.url, name, "v1"))).bytes).toEqual(first.manifest.bytes);
    expect((await send("GET", manifestUrl(larder.url, name, second.manifest.digest))).status).toBe(404);
    expect((await send("GET", blobUrl(larder.url, name, late.digest))).status).toBe(404);
    expect((await putManifest(larder.url, name, second.manifest, "v1")).status).toBe(201);
    expect((await send("GET", manifestUrl(larder.url, name, "v1"))).bytes).toEqual(second.manifest.bytes);
  });

  test("a chunk that fails has not been received", async () => {
    const session = await startUpload(larder.url, freshName());
    const blob = makeBlob(3000);
    await patchChunk(session, blob.bytes.slice(0, 1000), 0);
    await whileBroken(async () => {
      const chunk = { headers: OCTETS, body: blob.bytes.slice(1000, 2000) };
      expect((await send("PATCH", session, chunk)).status).toBe(503);
    });
    expect((await send("GET", session)).headers.get("range")).toBe("0-999");
    expect((await send("PATCH", session, { headers: OCTETS, body: blob.bytes.slice(1000) })).status).toBe(202);
    expect((await send("PUT", `${session}?digest=${blob.digest}`)).status).toBe(201);
  });
});
