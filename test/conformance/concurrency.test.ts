import { describe, expect, test } from "bun:test";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { until } from "../until.ts";
import { contentOf, freshName, makeBlob, makeIndex, missingDigest } from "./content-factory.ts";
import { expectError } from "./expect-error.ts";
import { RawConnection } from "./raw-http.ts";
import {
  blobUrl,
  finishUpload,
  inTwoParts,
  locationOf,
  manifestUrl,
  pushBlob,
  putManifest,
  send,
  startUpload,
} from "./registry-client.ts";
import { isForeignRegistry, registryUnderTest } from "./registry-under-test.ts";

const registry = registryUnderTest();

/** Paths of the data folder's files that are `sizeBytes` long. */
async function filesOfSize(sizeBytes: number): Promise<string[]> {
  const { dataFolder } = registry.larder();
  const names = await readdir(dataFolder, { recursive: true });
  const found = await Promise.all(
    names.map(async (name) => ((await stat(join(dataFolder, name)).catch(() => null))?.size === sizeBytes ? name : "")),
  );
  return found.filter((name) => name !== "");
}

const byValue = (left: number, right: number): number => left - right;

/** Waits until so much of what a PATCH is sending has arrived. */
async function untilReceived(session: string, bytes: number): Promise<void> {
  await until(`${bytes} bytes are received`, async () => {
    return (await send("GET", session)).headers.get("range") === `0-${bytes - 1}`;
  });
}

test("the same blob uploaded fifty times at once is 201 each time", async () => {
  const name = freshName();
  const blob = makeBlob(300_001);
  const sessions = await Promise.all(Array.from({ length: 50 }, () => startUpload(registry.url, name)));
  const replies = await Promise.all(sessions.map((session) => finishUpload(session, blob.digest, blob.bytes)));
  expect(replies.map((reply) => reply.status)).toEqual(Array.from({ length: 50 }, () => 201));
  expect((await send("GET", blobUrl(registry.url, name, blob.digest))).bytes).toEqual(blob.bytes);
  if (!isForeignRegistry) expect(await filesOfSize(300_001)).toHaveLength(1);
});

test("the same blob uploaded to many repositories at once is in each, and one copy on disk", async () => {
  const blob = makeBlob(300_003);
  const names = Array.from({ length: 20 }, () => freshName());
  await Promise.all(names.map((name) => pushBlob(registry.url, name, blob)));
  for (const name of names) {
    expect((await send("HEAD", blobUrl(registry.url, name, blob.digest))).status).toBe(200);
  }
  if (!isForeignRegistry) expect(await filesOfSize(300_003)).toHaveLength(1);
});

describe("two requests on one session at once", () => {
  test.each(["with Content-Range", "without"])(
    "PATCHes %s: the first is 202, the second is 416, nothing mixes",
    async (how) => {
      const session = await startUpload(registry.url, freshName());
      const [first, second] = [makeBlob(400_000), makeBlob(400_000)];
      const headers = how === "without" ? {} : { "Content-Range": "0-399999" };
      const { body, sendRest } = inTwoParts(first.bytes, 100_000);
      const patching = send("PATCH", session, { headers, body });
      await untilReceived(session, 100_000);
      expectError(await send("PATCH", session, { headers, body: second.bytes }), 416, "RANGE_INVALID");
      sendRest();
      expect((await patching).status).toBe(202);
      expect((await send("GET", session)).headers.get("range")).toBe("0-399999");
      const put = await finishUpload(session, first.digest);
      expect(put.status, put.text).toBe(201);
      expect((await send("GET", locationOf(put, registry.url))).bytes).toEqual(first.bytes);
    },
  );

  test("PUTs: exactly one creates the blob, and the other does no harm", async () => {
    const name = freshName();
    const session = await startUpload(registry.url, name);
    const blob = makeBlob(200_000);
    const replies = await Promise.all([
      finishUpload(session, blob.digest, blob.bytes),
      finishUpload(session, blob.digest, blob.bytes),
    ]);
    const statuses = replies.map((reply) => reply.status).sort(byValue);
    expect(statuses[0]).toBe(201);
    // Which depends on whether the other one is done when it comes.
    expect(statuses[1]).toBeOneOf([404, 416]);
    expect((await send("GET", blobUrl(registry.url, name, blob.digest))).bytes).toEqual(blob.bytes);
  });

  test("a PATCH and a DELETE: the DELETE ends the PATCH, and no session is left", async () => {
    const session = await startUpload(registry.url, freshName());
    const { body, sendRest } = inTwoParts(makeBlob(400_000).bytes, 100_000);
    const patching = send("PATCH", session, { body });
    await untilReceived(session, 100_000);
    expect((await send("DELETE", session)).status).toBe(204);
    expect((await patching).status).toBe(404);
    sendRest();
    expect((await send("GET", session)).status).toBe(404);
  });
});

test("a blob deleted during a slow download arrives whole, and the next GET is 404", async () => {
  const name = freshName();
  const blob = makeBlob(24 * 1024 * 1024);
  await pushBlob(registry.url, name, blob);
  const { host, pathname } = new URL(blobUrl(registry.url, name, blob.digest));
  const connection = await RawConnection.open(registry.url);
  await connection.write(`GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  await connection.read((wire) => wire.length > 1000);
  connection.pause();
  expect((await send("DELETE", blobUrl(registry.url, name, blob.digest))).status).toBe(202);
  expect((await send("GET", blobUrl(registry.url, name, blob.digest))).status).toBe(404);
  connection.resume();
  const reply = await connection.answer("GET", 20_000);
  connection.destroy();
  expect(reply.status).toBe(200);
  expect(contentOf(reply.body).digest).toBe(blob.digest);
}, 30_000);

test("a blob pushed and deleted at once by many is there whole or not at all", async () => {
  const name = freshName();
  const blob = makeBlob(100_000);
  const url = blobUrl(registry.url, name, blob.digest);
  const work = Array.from({ length: 30 }, async (_, index) => {
    // What is there when a request comes is for the others to say.
    if (index % 3 === 0) return expect((await send("DELETE", url)).status).toBeOneOf([202, 404]);
    if (index % 3 === 1) return expect((await send("GET", url)).status).toBeOneOf([200, 404]);
    const put = await finishUpload(await startUpload(registry.url, name), blob.digest, blob.bytes);
    return expect(put.status).toBe(201);
  });
  await Promise.all(work);
  const left = await send("GET", url);
  if (left.status === 200) expect(left.bytes).toEqual(blob.bytes);
  await pushBlob(registry.url, name, blob);
  expect((await send("GET", url)).bytes).toEqual(blob.bytes);
});

test("fifty manifests pushed to one tag at once: one of them has it, and all are there by digest", async () => {
  const name = freshName();
  const indexes = Array.from({ length: 50 }, () => makeIndex([], { annotations: { nonce: missingDigest() } }));
  const replies = await Promise.all(indexes.map((index) => putManifest(registry.url, name, index, "latest")));
  for (const reply of replies) expect(reply.status, reply.text).toBe(201);
  const latest = await send("GET", manifestUrl(registry.url, name, "latest"));
  expect(indexes.map(({ digest }) => digest)).toContain(latest.headers.get("docker-content-digest") ?? "");
  for (const { digest, bytes } of indexes) {
    expect((await send("GET", manifestUrl(registry.url, name, digest))).bytes).toEqual(bytes);
  }
});

test("a hundred tags pushed at once are all listed", async () => {
  const name = freshName();
  const tags = Array.from({ length: 100 }, (_, index) => `t${String(index).padStart(3, "0")}`);
  const replies = await Promise.all(tags.map((tag) => putManifest(registry.url, name, makeIndex([]), tag)));
  for (const reply of replies) expect(reply.status, reply.text).toBe(201);
  const list = await send("GET", `${registry.url}/v2/${name}/tags/list`);
  expect(JSON.parse(list.text)).toEqual({ name, tags });
});
