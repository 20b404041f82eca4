import { describe, expect, test } from "bun:test";
import { ALGORITHMS, type Content, contentOf, freshName, makeBlob } from "./content-factory.ts";
import {
  blobUrl,
  finishUpload,
  inPieces,
  locationOf,
  type Reply,
  send,
  startUpload,
  withQuery,
} from "./registry-client.ts";
import { registryUnderTest } from "./registry-under-test.ts";

const registry = registryUnderTest();

const OCTETS = { "Content-Type": "application/octet-stream" };

function uploadsUrl(name: string): string {
  return `${registry.url}/v2/${name}/blobs/uploads/`;
}

/** The blob was created; its Location serves the same bytes. */
async function expectCreated(reply: Reply, content: Content): Promise<void> {
  expect(reply.status, reply.text).toBe(201);
  expect(reply.headers.get("docker-content-digest")).toBe(content.digest);
  const served = await send("GET", locationOf(reply, registry.url));
  expect(served.status).toBe(200);
  expect(served.bytes).toEqual(content.bytes);
}

describe.each(ALGORITHMS)("uploads by %s", (algorithm) => {
  test("POST with the digest and the bytes creates the blob", async () => {
    const blob = makeBlob(512, algorithm);
    const url = withQuery(uploadsUrl(freshName()), "digest", blob.digest);
    await expectCreated(await send("POST", url, { headers: OCTETS, body: blob.bytes }), blob);
  });

  test("POST then PUT of all bytes creates the blob", async () => {
    const blob = makeBlob(512, algorithm);
    const session = await startUpload(registry.url, freshName());
    await expectCreated(await finishUpload(session, blob.digest, blob.bytes), blob);
  });

  test("PUT may come in chunked transfer encoding", async () => {
    const blob = makeBlob(70_000, algorithm);
    const session = await startUpload(registry.url, freshName());
    const url = withQuery(session, "digest", blob.digest);
    await expectCreated(await send("PUT", url, { headers: OCTETS, body: inPieces(blob.bytes, 1000) }), blob);
  });

  test("a stream is one PATCH in chunked transfer encoding, and Range tells exactly what arrived", async () => {
    const blob = makeBlob(123_457, algorithm);
    const session = await startUpload(registry.url, freshName());
    const patched = await send("PATCH", session, { headers: OCTETS, body: inPieces(blob.bytes, 1000) });
    expect(patched.status).toBe(202);
    // Docker computes the layer's size from this end.
    expect(patched.headers.get("range")).toBe("0-123456");
    await expectCreated(await finishUpload(locationOf(patched, registry.url), blob.digest), blob);
  });

  test("the empty blob may arrive as a PATCH of no bytes", async () => {
    const empty = contentOf("", algorithm);
    const session = await startUpload(registry.url, freshName());
    const patched = await send("PATCH", session, { headers: OCTETS, body: new Uint8Array() });
    expect(patched.status).toBe(202);
    await expectCreated(await finishUpload(locationOf(patched, registry.url), empty.digest), empty);
  });

  test("the empty blob may arrive as a POST", async () => {
    const empty = contentOf("", algorithm);
    const url = withQuery(uploadsUrl(freshName()), "digest", empty.digest);
    await expectCreated(await send("POST", url, { headers: OCTETS, body: new Uint8Array() }), empty);
  });

  test("digest-algorithm may announce at POST what PUT will ask for", async () => {
    const blob = makeBlob(9000, algorithm);
    const session = await startUpload(registry.url, freshName(), `digest-algorithm=${algorithm}`);
    const patched = await send("PATCH", session, { headers: OCTETS, body: blob.bytes });
    expect(patched.status).toBe(202);
    await expectCreated(await finishUpload(locationOf(patched, registry.url), blob.digest), blob);
  });

  test("an announced algorithm does not bind: the digest at PUT counts", async () => {
    const blob = makeBlob(9000, algorithm);
    const announced = algorithm === "sha256" ? "sha512" : "sha256";
    const session = await startUpload(registry.url, freshName(), `digest-algorithm=${announced}`);
    await expectCreated(await finishUpload(session, blob.digest, blob.bytes), blob);
  });

  test("a blob that is there already can be pushed again", async () => {
    const name = freshName();
    const blob = makeBlob(512, algorithm);
    for (let round = 0; round < 2; round++) {
      const session = await startUpload(registry.url, name);
      await expectCreated(await finishUpload(session, blob.digest, blob.bytes), blob);
    }
  });

  test("HEAD right after PUT knows the length", async () => {
    const name = freshName();
    const blob = makeBlob(512, algorithm);
    await finishUpload(await startUpload(registry.url, name), blob.digest, blob.bytes);
    const head = await send("HEAD", blobUrl(registry.url, name, blob.digest));
    expect(head.headers.get("content-length")).toBe("512");
  });
});
