import { describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { ALGORITHMS, contentOf, freshName, makeBlob, missingDigest } from "./content-factory.ts";
import { expectError } from "./expect-error.ts";
import { blobUrl, pushBlob, send } from "./registry-client.ts";
import { registryUnderTest } from "./registry-under-test.ts";

const registry = registryUnderTest();

describe.each(ALGORITHMS)("blobs by %s", (algorithm) => {
  test("a blob comes back byte for byte, with its length and digest", async () => {
    const name = freshName();
    const blob = makeBlob(3000, algorithm);
    await pushBlob(registry.url, name, blob);
    const reply = await send("GET", blobUrl(registry.url, name, blob.digest));
    expect(reply.status).toBe(200);
    expect(reply.bytes).toEqual(blob.bytes);
    expect(reply.headers.get("content-length")).toBe("3000");
    expect(reply.headers.get("docker-content-digest")).toBe(blob.digest);
    expect(reply.headers.get("accept-ranges")).toBe("bytes");
    expect(reply.headers.get("docker-distribution-api-version")).toBe("registry/2.0");
  });

  test("HEAD of a blob tells the same without the bytes", async () => {
    const name = freshName();
    const blob = makeBlob(3000, algorithm);
    await pushBlob(registry.url, name, blob);
    const reply = await send("HEAD", blobUrl(registry.url, name, blob.digest));
    expect(reply.status).toBe(200);
    expect(reply.bytes.length).toBe(0);
    expect(reply.headers.get("content-length")).toBe("3000");
    expect(reply.headers.get("docker-content-digest")).toBe(blob.digest);
  });

  test.each(["", "{}"])("the blob %p can be pushed and pulled", async (text) => {
    const name = freshName();
    const blob = contentOf(text, algorithm);
    await pushBlob(registry.url, name, blob);
    const head = await send("HEAD", blobUrl(registry.url, name, blob.digest));
    expect(head.status).toBe(200);
    expect(head.headers.get("content-length")).toBe(String(text.length));
    const reply = await send("GET", blobUrl(registry.url, name, blob.digest));
    expect(reply.status).toBe(200);
    expect(reply.text).toBe(text);
    expect(reply.headers.get("content-length")).toBe(String(text.length));
  });

  test("a missing blob is 404 BLOB_UNKNOWN in a repository that has others", async () => {
    const name = freshName();
    await pushBlob(registry.url, name, makeBlob());
    expectError(await send("GET", blobUrl(registry.url, name, missingDigest(algorithm))), 404, "BLOB_UNKNOWN");
    expect((await send("HEAD", blobUrl(registry.url, name, missingDigest(algorithm)))).status).toBe(404);
  });

  test("a blob of a repository that does not exist is 404 BLOB_UNKNOWN", async () => {
    const reply = await send("GET", blobUrl(registry.url, freshName(), missingDigest(algorithm)));
    expectError(reply, 404, "BLOB_UNKNOWN");
  });

  test("a blob is 404 in a repository that it was not pushed to", async () => {
    const blob = makeBlob(200, algorithm);
    const other = freshName();
    await pushBlob(registry.url, freshName(), blob);
    await pushBlob(registry.url, other, makeBlob());
    expectError(await send("GET", blobUrl(registry.url, other, blob.digest)), 404, "BLOB_UNKNOWN");
    expect((await send("HEAD", blobUrl(registry.url, other, blob.digest))).status).toBe(404);
  });
});

test("the same bytes pushed by two algorithms answer with the digest that was asked for", async () => {
  const name = freshName();
  const bySha256 = makeBlob(500);
  const bySha512 = contentOf(bySha256.bytes, "sha512");
  await pushBlob(registry.url, name, bySha256);
  await pushBlob(registry.url, name, bySha512);
  for (const { digest, bytes } of [bySha256, bySha512]) {
    const reply = await send("GET", blobUrl(registry.url, name, digest));
    expect(reply.headers.get("docker-content-digest")).toBe(digest);
    expect(reply.bytes).toEqual(bytes);
  }
});

test("compressed layers are never decompressed nor compressed on the way, whatever the client accepts", async () => {
  const name = freshName();
  for (const blob of [contentOf(gzipSync("a layer ".repeat(1000))), contentOf("text ".repeat(5000))]) {
    await pushBlob(registry.url, name, blob);
    const headers = { "Accept-Encoding": "gzip, deflate, br, zstd" };
    const reply = await send("GET", blobUrl(registry.url, name, blob.digest), { headers });
    expect(reply.headers.has("content-encoding")).toBe(false);
    expect(reply.bytes).toEqual(blob.bytes);
  }
});

test("a blob may be cached for a year and is known by its digest as ETag", async () => {
  const name = freshName();
  const blob = makeBlob();
  await pushBlob(registry.url, name, blob);
  const reply = await send("GET", blobUrl(registry.url, name, blob.digest));
  expect(reply.headers.get("etag")).toBe(`"${blob.digest}"`);
  expect(reply.headers.get("cache-control")).toContain("max-age=31536000");
});

test.each(["GET", "HEAD"])("%s of a blob that the client has already is 304", async (method) => {
  const name = freshName();
  const blob = makeBlob();
  await pushBlob(registry.url, name, blob);
  const url = blobUrl(registry.url, name, blob.digest);
  const tag = `"${blob.digest}"`;
  for (const known of [tag, `W/${tag}`, `"other", ${tag}`, "*"]) {
    const reply = await send(method, url, { headers: { "If-None-Match": known } });
    expect(reply.status, known).toBe(304);
    expect(reply.bytes.length).toBe(0);
  }
  expect((await send(method, url, { headers: { "If-None-Match": '"sha256:other"' } })).status).toBe(200);
});

test("a blob is plain bytes to a browser, and nothing tells how it is called on disk", async () => {
  const name = freshName();
  const blob = contentOf("<html><script>alert(1)</script></html>");
  await pushBlob(registry.url, name, blob);
  const url = blobUrl(registry.url, name, blob.digest);
  for (const headers of [{}, { Range: "bytes=0-5" }]) {
    const reply = await send("GET", url, { headers });
    expect(reply.headers.get("content-type")).toBe("application/octet-stream");
    expect(reply.headers.get("content-disposition") ?? "").not.toContain("filename");
  }
});

test("a blob of many megabytes comes back whole", async () => {
  const name = freshName();
  const blob = makeBlob(8 * 1024 * 1024 + 7);
  await pushBlob(registry.url, name, blob);
  const reply = await send("GET", blobUrl(registry.url, name, blob.digest));
  expect(reply.headers.get("content-length")).toBe(String(blob.bytes.length));
  expect(contentOf(reply.bytes).digest).toBe(blob.digest);
});
