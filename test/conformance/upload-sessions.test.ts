import { describe, expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { type Content, freshName, makeBlob, missingDigest } from "./content-factory.ts";
import { expectError } from "./expect-error.ts";
import { finishUpload, locationOf, type Reply, send, startUpload, withQuery } from "./registry-client.ts";
import { RawConnection } from "./raw-http.ts";
import { isForeignRegistry, registryUnderTest, startRegistry } from "./registry-under-test.ts";
import { until } from "../until.ts";

const registry = registryUnderTest();

const OCTETS = { "Content-Type": "application/octet-stream" };

function uploadsUrl(name: string): string {
  return `${registry.url}/v2/${name}/blobs/uploads/`;
}

/** The blob was created; its Location serves the same bytes. */
async function expectCreated(reply: Reply, content: Content): Promise<void> {
  expect(reply.status, reply.text).toBe(201);
  expect((await send("GET", locationOf(reply, registry.url))).bytes).toEqual(content.bytes);
}

describe("an upload session", () => {
  test("begins with 202, an empty body, a Location and no bytes", async () => {
    const name = freshName();
    const reply = await send("POST", uploadsUrl(name));
    expect(reply.status).toBe(202);
    expect(reply.bytes.length).toBe(0);
    expect(reply.headers.get("range")).toBe("0-0");
    expect(locationOf(reply, registry.url)).toStartWith(uploadsUrl(name));
  });

  test("gives relative Locations, so that a proxy in front may change host and scheme", async () => {
    const behindProxy = await startRegistry({ arguments: ["--trusted-proxy", "127.0.0.1"] });
    try {
      const name = freshName();
      const headers = {
        "X-Forwarded-For": "127.0.0.2",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "front.example",
        Forwarded: "for=127.0.0.2;proto=https",
      };
      const begun = await send("POST", `${behindProxy.url}/v2/${name}/blobs/uploads/`, { headers });
      expect(begun.headers.get("location"), begun.text).toStartWith(`/v2/${name}/blobs/uploads/`);
      const blob = makeBlob(10);
      const session = locationOf(begun, behindProxy.url);
      const patched = await send("PATCH", session, { headers: { ...OCTETS, ...headers }, body: blob.bytes });
      expect(patched.headers.get("location")).toStartWith("/v2/");
      const done = await send("PUT", withQuery(session, "digest", blob.digest), { headers });
      expect(done.headers.get("location")).toBe(`/v2/${name}/blobs/${blob.digest}`);
    } finally {
      await behindProxy.stop();
    }
  });

  test("tells by GET how far it is, also when the digest is in the query", async () => {
    const session = await startUpload(registry.url, freshName());
    const empty = await send("GET", session);
    expect(empty.status).toBe(204);
    expect(empty.headers.get("range")).toBe("0-0");
    locationOf(empty, registry.url);
    await send("PATCH", session, { headers: OCTETS, body: makeBlob(700).bytes });
    for (const url of [session, withQuery(session, "digest", missingDigest())]) {
      const reply = await send("GET", url);
      expect(reply.status).toBe(204);
      expect(reply.headers.get("range")).toBe("0-699");
      expect(reply.bytes.length).toBe(0);
      locationOf(reply, registry.url);
    }
  });

  test("is cancelled by DELETE with exactly 204, and is gone then", async () => {
    const session = await startUpload(registry.url, freshName());
    await send("PATCH", session, { headers: OCTETS, body: makeBlob(700).bytes });
    const reply = await send("DELETE", session);
    expect(reply.status).toBe(204);
    const blob = makeBlob();
    expectError(await send("GET", session), 404, "BLOB_UPLOAD_UNKNOWN");
    expectError(await send("PATCH", session, { headers: OCTETS, body: blob.bytes }), 404, "BLOB_UPLOAD_UNKNOWN");
    expectError(await finishUpload(session, blob.digest, blob.bytes), 404, "BLOB_UPLOAD_UNKNOWN");
    expectError(await send("DELETE", session), 404, "BLOB_UPLOAD_UNKNOWN");
  });

  test.each(["PATCH", "PUT"])(
    "is cancelled while a %s whose client sends no more holds it, which ends at once",
    async (method) => {
      const session = await startUpload(registry.url, freshName());
      const { host, pathname } = new URL(session);
      const silent = await RawConnection.open(registry.url);
      try {
        const target = method === "PUT" ? `${pathname}?digest=${missingDigest()}` : pathname;
        const head = `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 100000\r\n\r\n`;
        await silent.write(`${head}${"x".repeat(50_000)}`);
        await until("some has arrived", async () => (await send("GET", session)).headers.get("range") === "0-49999");
        expect((await send("DELETE", session)).status).toBe(204);
        const { status, body } = await silent.answer();
        expect([status, body.toString()]).toEqual([404, expect.stringContaining("cancelled")]);
        expectError(await send("DELETE", session), 404, "BLOB_UPLOAD_UNKNOWN");
        if (isForeignRegistry) return;
        expect(await readdir(join(registry.larder().dataFolder, "uploads"))).not.toContain(basename(pathname));
      } finally {
        silent.destroy();
      }
    },
  );

  test("is gone after the commit", async () => {
    const session = await startUpload(registry.url, freshName());
    const blob = makeBlob();
    expect((await finishUpload(session, blob.digest, blob.bytes)).status).toBe(201);
    expectError(await send("GET", session), 404, "BLOB_UPLOAD_UNKNOWN");
    expectError(await send("PATCH", session, { headers: OCTETS, body: blob.bytes }), 404, "BLOB_UPLOAD_UNKNOWN");
  });

  test("belongs to its repository: 404 under another one, and untouched by that", async () => {
    const name = freshName();
    const session = await startUpload(registry.url, name);
    const stolen = session.replace(name, freshName("thief"));
    const blob = makeBlob();
    expectError(await send("GET", stolen), 404, "BLOB_UPLOAD_UNKNOWN");
    expectError(await send("PATCH", stolen, { headers: OCTETS, body: blob.bytes }), 404, "BLOB_UPLOAD_UNKNOWN");
    expectError(await finishUpload(stolen, blob.digest, blob.bytes), 404, "BLOB_UPLOAD_UNKNOWN");
    expectError(await send("DELETE", stolen), 404, "BLOB_UPLOAD_UNKNOWN");
    await expectCreated(await finishUpload(session, blob.digest, blob.bytes), blob);
  });

  test("that nobody opened is 404", async () => {
    const url = `${uploadsUrl(freshName())}${crypto.randomUUID()}`;
    expectError(await send("GET", url), 404, "BLOB_UPLOAD_UNKNOWN");
    expectError(await finishUpload(url, missingDigest()), 404, "BLOB_UPLOAD_UNKNOWN");
  });

  test("does not end without a digest, and lives on", async () => {
    const session = await startUpload(registry.url, freshName());
    const blob = makeBlob();
    expectError(await send("PUT", session, { headers: OCTETS }), 400, "DIGEST_INVALID");
    await expectCreated(await finishUpload(session, blob.digest, blob.bytes), blob);
  });

  test("is not opened for an unknown digest algorithm", async () => {
    const reply = await send("POST", `${uploadsUrl(freshName())}?digest-algorithm=md5`);
    expectError(reply, 400, "DIGEST_INVALID");
  });
});
