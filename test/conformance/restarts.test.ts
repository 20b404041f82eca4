import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Content, contentOf, describeManifest, freshName, makeArtifact, makeBlob } from "./content-factory.ts";
import { makeImage, makeIndex, missingDigest } from "./content-factory.ts";
import { type LarderProcess, startLarder } from "./larder-process.ts";
import { RawConnection } from "./raw-http.ts";
import {
  blobUrl,
  finishUpload,
  manifestUrl,
  patchChunk,
  pushBlob,
  pushImage,
  pushManifest,
  send,
  startUpload,
} from "./registry-client.ts";
import { isForeignRegistry } from "./registry-under-test.ts";

/** Larder is killed and started again on one data folder. */
describe.skipIf(isForeignRegistry)("after a restart", () => {
  let dataFolder: string;
  let larder: LarderProcess;
  const name = freshName("restarted");
  beforeEach(async () => {
    dataFolder = await mkdtemp(join(tmpdir(), "larder-test-"));
    larder = await startLarder({ dataFolder });
  });
  afterEach(async () => {
    await larder.stop();
    await rm(dataFolder, { recursive: true, force: true });
  });

  async function killAndStart(): Promise<void> {
    await larder.kill();
    larder = await startLarder({ dataFolder });
  }

  /** The same path on the process that runs now. */
  function moved(url: string): string {
    const { pathname, search } = new URL(url);
    return `${larder.url}${pathname}${search}`;
  }

  async function expectBlob(blob: Content): Promise<void> {
    const reply = await send("GET", blobUrl(larder.url, name, blob.digest));
    expect(reply.status).toBe(200);
    expect(contentOf(reply.bytes, blob.digest.startsWith("sha512") ? "sha512" : "sha256").digest).toBe(blob.digest);
  }

  /** Sends the head of a request and a part of its body, and leaves the connection open. */
  async function sendPart(method: string, url: string, blob: Content, partBytes: number): Promise<RawConnection> {
    const { host, pathname, search } = new URL(url);
    const connection = await RawConnection.open(larder.url);
    const lines = [`Host: ${host}`, `Content-Length: ${blob.bytes.length}`, "Content-Type: application/octet-stream"];
    await connection.write(`${method} ${pathname}${search} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
    await connection.write(blob.bytes.slice(0, partBytes));
    await Bun.sleep(80);
    return connection;
  }

  test("by kill -9 right after each answer, nothing that was acknowledged is missing", async () => {
    const blob = makeBlob(200_000);
    const bySha512 = makeBlob(1000, "sha512");
    await pushBlob(larder.url, name, blob);
    await killAndStart();
    await expectBlob(blob);

    await pushBlob(larder.url, name, bySha512);
    const image = makeImage();
    await pushImage(larder.url, name, image, "latest");
    await killAndStart();
    await expectBlob(bySha512);
    for (const reference of ["latest", image.manifest.digest]) {
      const reply = await send("GET", manifestUrl(larder.url, name, reference));
      expect(reply.bytes).toEqual(image.manifest.bytes);
      expect(reply.headers.get("content-type")).toBe(image.manifest.mediaType);
    }
    for (const each of image.blobs) await expectBlob(each);
    const tags = await send("GET", `${larder.url}/v2/${name}/tags/list`);
    expect(JSON.parse(tags.text)).toEqual({ name, tags: ["latest"] });

    const artifact = makeArtifact("application/vnd.example.sbom", { subject: describeManifest(image.manifest) });
    await pushImage(larder.url, name, artifact);
    await killAndStart();
    const referrers = await send("GET", `${larder.url}/v2/${name}/referrers/${image.manifest.digest}`);
    expect(referrers.text).toContain(artifact.manifest.digest);
  });

  test("by kill -9 right after a deletion, what was deleted stays away", async () => {
    const blob = makeBlob();
    await pushBlob(larder.url, name, blob);
    const indexes = [makeIndex([]), makeIndex([], { annotations: { nonce: missingDigest() } })];
    for (const [at, index] of indexes.entries()) await pushManifest(larder.url, name, index, `tag${at}`);
    const urls = [
      blobUrl(larder.url, name, blob.digest),
      manifestUrl(larder.url, name, "tag0"),
      manifestUrl(larder.url, name, indexes[1]?.digest ?? ""),
    ];
    for (const url of urls) expect((await send("DELETE", url)).status).toBe(202);
    await killAndStart();
    for (const url of urls) expect((await send("HEAD", moved(url))).status).toBe(404);
    expect((await send("HEAD", manifestUrl(larder.url, name, "tag1"))).status).toBe(404);
    expect((await send("HEAD", manifestUrl(larder.url, name, indexes[0]?.digest ?? ""))).status).toBe(200);
  });

  test("by kill -9, an upload goes on where its last acknowledged chunk ended", async () => {
    const blob = makeBlob(300_000);
    const session = await startUpload(larder.url, name);
    await killAndStart();
    const begun = await send("GET", moved(session));
    expect(begun.status).toBe(204);
    expect(begun.headers.get("range")).toBe("0-0");
    expect((await patchChunk(moved(session), blob.bytes.slice(0, 100_000), 0)).status).toBe(202);
    await killAndStart();
    expect((await send("GET", moved(session))).headers.get("range")).toBe("0-99999");
    expect((await patchChunk(moved(session), blob.bytes.slice(100_000, 200_000), 100_000)).status).toBe(202);
    await killAndStart();
    const put = await finishUpload(moved(session), blob.digest, blob.bytes.slice(200_000));
    expect(put.status, put.text).toBe(201);
    await expectBlob(blob);
  });

  test("by kill -9 in the middle of a PATCH, the Range tells what is there, and the rest completes it", async () => {
    const blob = makeBlob(4_000_000);
    const session = await startUpload(larder.url, name);
    const connection = await sendPart("PATCH", session, blob, 2_700_000);
    await killAndStart();
    connection.destroy();
    const status = await send("GET", moved(session));
    expect(status.status).toBe(204);
    const end = Number(/^0-(\d+)$/.exec(status.headers.get("range") ?? "")?.[1]);
    expect(end).toBeLessThan(2_700_000);
    const have = end === 0 ? 0 : end + 1;
    const put = await finishUpload(moved(session), blob.digest, blob.bytes.slice(have));
    expect(put.status, put.text).toBe(201);
    await expectBlob(blob);
  });

  test.each(["PUT", "POST"])("by kill -9 in the middle of a %s, no partial blob is to be seen", async (method) => {
    const blob = makeBlob(3_000_000);
    const half = contentOf(blob.bytes.slice(0, 2_000_000));
    const url = method === "PUT" ? await startUpload(larder.url, name) : `${larder.url}/v2/${name}/blobs/uploads/`;
    const connection = await sendPart(method, `${url}?digest=${blob.digest}`, blob, 2_000_000);
    await killAndStart();
    connection.destroy();
    for (const { digest } of [blob, half]) {
      expect((await send("HEAD", blobUrl(larder.url, name, digest))).status).toBe(404);
    }
    await pushBlob(larder.url, name, blob);
    await expectBlob(blob);
  });

  test("by kill -9 in the middle of a manifest, neither it nor its tag is to be seen", async () => {
    const manifest = makeIndex([], { annotations: { large: "a".repeat(500_000) } });
    const connection = await sendPart("PUT", manifestUrl(larder.url, name, "half"), manifest, 300_000);
    await killAndStart();
    connection.destroy();
    for (const reference of ["half", manifest.digest]) {
      expect((await send("HEAD", manifestUrl(larder.url, name, reference))).status).toBe(404);
    }
  });

  test("by kill -9 at any moment of many pushes, all that was acknowledged is there, and nothing is broken", async () => {
    for (const afterMs of [15, 60, 150]) {
      const acknowledged: { image: ReturnType<typeof makeImage>; tag: string }[] = [];
      const pushed = Array.from({ length: 24 }, async (_, index) => {
        const image = makeImage();
        const tag = `t${afterMs}-${index}`;
        await pushImage(larder.url, name, image, tag);
        acknowledged.push({ image, tag });
      });
      const settled = Promise.allSettled(pushed);
      await Bun.sleep(afterMs);
      await larder.kill();
      await settled;
      larder = await startLarder({ dataFolder });
      for (const { image, tag } of acknowledged) {
        const reply = await send("GET", manifestUrl(larder.url, name, tag));
        expect(reply.bytes).toEqual(image.manifest.bytes);
        for (const blob of image.blobs) await expectBlob(blob);
      }
      const list = await send("GET", `${larder.url}/v2/${name}/tags/list`);
      const tags = list.status === 404 ? [] : (JSON.parse(list.text) as { tags: string[] }).tags;
      // A tag that was not acknowledged may be there, but then whole.
      for (const tag of tags) {
        const reply = await send("GET", manifestUrl(larder.url, name, tag));
        expect(reply.status, tag).toBe(200);
        expect(contentOf(reply.bytes).digest).toBe(reply.headers.get("docker-content-digest") ?? "");
        const { config, layers } = JSON.parse(reply.text) as Record<"config", { digest: string }> & {
          layers: { digest: string }[];
        };
        for (const { digest } of [config, ...layers]) {
          const blob = await send("GET", blobUrl(larder.url, name, digest));
          expect(blob.status).toBe(200);
          expect(contentOf(blob.bytes).digest).toBe(digest);
        }
      }
    }
  }, 30_000);
});
