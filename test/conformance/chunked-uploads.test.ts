import { describe, expect, test } from "bun:test";
import { until } from "../until.ts";
import { ALGORITHMS, type Content, freshName, makeBlob } from "./content-factory.ts";
import { expectError } from "./expect-error.ts";
import { RawConnection } from "./raw-http.ts";
import {
  finishUpload,
  inPieces,
  locationOf,
  patchChunk,
  type Reply,
  send,
  startUpload,
  withQuery,
} from "./registry-client.ts";
import { registryUnderTest } from "./registry-under-test.ts";

const registry = registryUnderTest();

/** The last chunk, in the PUT, with its Content-Range. */
async function putChunk(session: string, blob: Content, from: number, to = blob.bytes.length): Promise<Reply> {
  return await send("PUT", withQuery(session, "digest", blob.digest), {
    headers: { "Content-Type": "application/octet-stream", "Content-Range": `${from}-${to - 1}` },
    body: blob.bytes.slice(from, to),
  });
}

async function expectCreated(reply: Reply, blob: Content): Promise<void> {
  expect(reply.status, reply.text).toBe(201);
  const served = await send("GET", locationOf(reply, registry.url));
  expect(served.bytes).toEqual(blob.bytes);
}

/** The chunk was refused; the answer says where the session is and how far. */
function expectOutOfOrder(reply: Reply, range: string): string {
  expect(reply.status, reply.text).toBe(416);
  expect(reply.headers.get("range")).toBe(range);
  return locationOf(reply, registry.url);
}

describe.each(ALGORITHMS)("chunks of a blob by %s", (algorithm) => {
  test("follow each other, each answered by 202, a Location and the Range so far", async () => {
    const blob = makeBlob(3 * 1024 - 5, algorithm);
    let session = await startUpload(registry.url, freshName());
    for (let at = 0; at < blob.bytes.length; at += 1024) {
      const reply = await patchChunk(session, blob.bytes.slice(at, at + 1024), at);
      expect(reply.status).toBe(202);
      expect(reply.headers.get("range")).toBe(`0-${Math.min(at + 1024, blob.bytes.length) - 1}`);
      session = locationOf(reply, registry.url);
    }
    await expectCreated(await finishUpload(session, blob.digest), blob);
  });

  test("may come as a single one", async () => {
    const blob = makeBlob(512, algorithm);
    const session = await startUpload(registry.url, freshName());
    const reply = await patchChunk(session, blob.bytes, 0);
    expect(reply.headers.get("range")).toBe("0-511");
    await expectCreated(await finishUpload(locationOf(reply, registry.url), blob.digest), blob);
  });

  test("may end with the last one in the PUT", async () => {
    const blob = makeBlob(3 * 1024 - 5, algorithm);
    const session = await startUpload(registry.url, freshName());
    await patchChunk(session, blob.bytes.slice(0, 1024), 0);
    await patchChunk(session, blob.bytes.slice(1024, 2048), 1024);
    await expectCreated(await putChunk(session, blob, 2048), blob);
  });

  test("may end with the last one in the PUT without a Content-Range", async () => {
    const blob = makeBlob(2048, algorithm);
    const session = await startUpload(registry.url, freshName());
    await patchChunk(session, blob.bytes.slice(0, 1024), 0);
    await expectCreated(await finishUpload(session, blob.digest, blob.bytes.slice(1024)), blob);
  });

  test("without a Content-Range are added at the end", async () => {
    const blob = makeBlob(2048, algorithm);
    const session = await startUpload(registry.url, freshName());
    for (const [from, to] of [
      [0, 1000],
      [1000, 2048],
    ] as const) {
      const reply = await send("PATCH", session, { body: blob.bytes.slice(from, to) });
      expect(reply.headers.get("range")).toBe(`0-${to - 1}`);
    }
    await expectCreated(await finishUpload(session, blob.digest), blob);
  });

  test("that skip ahead or repeat are 416 with the true Range, and the session lives on", async () => {
    const blob = makeBlob(3 * 1024 - 5, algorithm);
    let session = await startUpload(registry.url, freshName());
    const tooEarly = await patchChunk(session, blob.bytes.slice(1024, 2048), 1024);
    expect(tooEarly.status).toBe(416);
    session = locationOf(tooEarly, registry.url);
    expect((await send("GET", session)).headers.get("range")).toBe("0-0");
    await patchChunk(session, blob.bytes.slice(0, 1024), 0);
    session = expectOutOfOrder(await patchChunk(session, blob.bytes.slice(2048), 2048), "0-1023");
    session = expectOutOfOrder(await patchChunk(session, blob.bytes.slice(0, 1024), 0), "0-1023");
    session = expectOutOfOrder(await patchChunk(session, blob.bytes.slice(1000, 2000), 1000), "0-1023");
    const status = await send("GET", session);
    expect(status.status).toBe(204);
    expect(status.headers.get("range")).toBe("0-1023");
    await patchChunk(session, blob.bytes.slice(1024), 1024);
    await expectCreated(await finishUpload(session, blob.digest), blob);
  });

  test("that are out of order in the PUT are 416 with the true Range, and the session lives on", async () => {
    const blob = makeBlob(3 * 1024 - 5, algorithm);
    let session = await startUpload(registry.url, freshName());
    await patchChunk(session, blob.bytes.slice(0, 1024), 0);
    session = expectOutOfOrder(await putChunk(session, blob, 2048), "0-1023");
    const repeated = await putChunk(session, blob, 0, 1024);
    session = expectOutOfOrder(repeated, "0-1023");
    expect((await send("GET", withQuery(session, "digest", blob.digest))).headers.get("range")).toBe("0-1023");
    await expectCreated(await putChunk(session, blob, 1024), blob);
  });
});

describe("a chunk whose Content-Range", () => {
  test.each(["abc", "5-3", "0-", "-5", "0-9/", "1.5-3", "0x0-0x9", "0-99999999999999999999999", "-1--1"])(
    "is %p is refused, and the session lives on",
    async (contentRange) => {
      const blob = makeBlob(100);
      const session = await startUpload(registry.url, freshName());
      const headers = { "Content-Type": "application/octet-stream", "Content-Range": contentRange };
      const reply = await send("PATCH", session, { headers, body: blob.bytes });
      expectError(reply, 400);
      await expectCreated(await finishUpload(session, blob.digest, blob.bytes), blob);
    },
  );

  test.each([
    ["0-49", 100],
    ["0-199", 100],
  ])("is %s for %d bytes is refused and leaves a session that tells the truth", async (contentRange, sizeBytes) => {
    const blob = makeBlob(sizeBytes);
    const session = await startUpload(registry.url, freshName());
    const headers = { "Content-Type": "application/octet-stream", "Content-Range": contentRange };
    expectError(await send("PATCH", session, { headers, body: blob.bytes }), 400);
    const status = await send("GET", session);
    expect(status.status).toBe(204);
    expect(status.headers.get("range")).toBe("0-0");
    await expectCreated(await finishUpload(session, blob.digest, blob.bytes), blob);
  });

  test.each([
    ["more", "0-199999"],
    ["less", "0-49999"],
  ])(
    "says %s than chunked transfer encoding carries is refused; the session tells what it kept",
    async (_what, range) => {
      const blob = makeBlob(100_000);
      const session = await startUpload(registry.url, freshName());
      const headers = { "Content-Type": "application/octet-stream", "Content-Range": range };
      const reply = await send("PATCH", session, { headers, body: inPieces(blob.bytes) });
      expectError(reply, 400);
      const status = await send("GET", session);
      expect(status.status).toBe(204);
      const end = Number(status.headers.get("range")?.split("-")[1]);
      const have = end === 0 ? 0 : end + 1;
      await expectCreated(await finishUpload(session, blob.digest, blob.bytes.slice(have)), blob);
    },
  );

  test("is right may come in chunked transfer encoding", async () => {
    const blob = makeBlob(100_000);
    const session = await startUpload(registry.url, freshName());
    const headers = { "Content-Type": "application/octet-stream", "Content-Range": "0-99999" };
    const reply = await send("PATCH", session, { headers, body: inPieces(blob.bytes) });
    expect(reply.status).toBe(202);
    expect(reply.headers.get("range")).toBe("0-99999");
    await expectCreated(await finishUpload(session, blob.digest), blob);
  });
});

test("a break in the middle of a PATCH leaves a session that tells what it has and goes on from there", async () => {
  const blob = makeBlob(4_000_000);
  const session = await startUpload(registry.url, freshName());
  const { host, pathname, search } = new URL(session);
  const resume = async () => {
    const status = await send("GET", session);
    expect(status.status).toBe(204);
    const end = Number(/^0-(\d+)$/.exec(status.headers.get("range") ?? "")?.[1]);
    expect(end).toBeWithin(1, 2_500_000);
    return await patchChunk(locationOf(status, registry.url), blob.bytes.slice(end + 1), end + 1);
  };
  const connection = await RawConnection.open(registry.url);
  await connection.write(
    `PATCH ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/octet-stream\r\n` +
      `Content-Range: 0-3999999\r\nContent-Length: 4000000\r\n\r\n`,
  );
  await connection.write(blob.bytes.slice(0, 2_500_000));
  await until("some of it has arrived", async () => (await send("GET", session)).headers.get("range") !== "0-0");
  connection.destroy();
  // The registry may need a moment to see the break, and takes nothing else before.
  let resumed = await resume();
  await until("the session goes on", async () => resumed.status !== 416 || (resumed = await resume()).status !== 416);
  expect(resumed.status).toBe(202);
  expect(resumed.headers.get("range")).toBe("0-3999999");
  await expectCreated(await finishUpload(locationOf(resumed, registry.url), blob.digest), blob);
});
