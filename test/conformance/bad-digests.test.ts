import { beforeAll, describe, expect, test } from "bun:test";
import { freshName, makeBlob, makeIndex } from "./content-factory.ts";
import { expectError } from "./expect-error.ts";
import { blobUrl, finishUpload, manifestUrl, pushManifest, putManifest, send, startUpload } from "./registry-client.ts";
import { registryUnderTest } from "./registry-under-test.ts";

const registry = registryUnderTest();
const name = freshName("digests");
const index = makeIndex([]);
beforeAll(async () => {
  await pushManifest(registry.url, name, index, "latest");
});

const HEX = "0123456789abcdef".repeat(4);
const BAD: [string, string][] = [
  ["md5", `md5:${HEX.slice(0, 32)}`],
  ["sha1", `sha1:${HEX.slice(0, 40)}`],
  ["sha384", `sha384:${HEX}${HEX.slice(0, 32)}`],
  ["upper-case hex", `sha256:${HEX.toUpperCase()}`],
  ["an upper-case algorithm", `SHA256:${HEX}`],
  ["short hex", `sha256:${HEX.slice(1)}`],
  ["long hex", `sha256:${HEX}0`],
  ["no hex", "sha256:"],
  ["letters that are no hex", `sha256:${"g".repeat(64)}`],
  ["a word", "sha256:baddigeststring"],
  ["sha512 as long as sha256", `sha512:${HEX}`],
  ["sha256 as long as sha512", `sha256:${HEX}${HEX}`],
  ["two algorithms", `sha256:sha256:${HEX}`],
  ["an unknown algorithm", `blake3:${HEX}`],
  ["dots", `sha256:...${HEX.slice(3)}`],
  ["a newline at the end", `sha256:${HEX}%0a`],
  ["NUL at the end", `sha256:${HEX}%00`],
  ["NUL in place of a letter", `sha256:${HEX.slice(1)}%00`],
];

describe.each(BAD)("the digest with %s", (_what, digest) => {
  test("is 400 DIGEST_INVALID for blobs, whatever is done", async () => {
    for (const method of ["GET", "DELETE"]) {
      expectError(await send(method, blobUrl(registry.url, name, digest)), 400, "DIGEST_INVALID");
    }
    expect((await send("HEAD", blobUrl(registry.url, name, digest))).status).toBe(400);
  });

  test("is 400 DIGEST_INVALID at the end of an upload, and the upload lives on", async () => {
    const session = await startUpload(registry.url, name);
    const blob = makeBlob(300);
    const reply = await send("PUT", `${session}?digest=${digest}`, { body: blob.bytes });
    expectError(reply, 400, "DIGEST_INVALID");
    // What the bad request carried must not have been added.
    expect((await finishUpload(session, blob.digest, blob.bytes)).status).toBe(201);
  });

  test("is 400 DIGEST_INVALID in POST with the bytes, in a mount and for referrers", async () => {
    const uploads = `${registry.url}/v2/${name}/blobs/uploads/`;
    const posted = await send("POST", `${uploads}?digest=${digest}`, { body: makeBlob(300).bytes });
    expectError(posted, 400, "DIGEST_INVALID");
    expectError(await send("POST", `${uploads}?mount=${digest}&from=${name}`), 400, "DIGEST_INVALID");
    expectError(await send("GET", `${registry.url}/v2/${name}/referrers/${digest}`), 400, "DIGEST_INVALID");
  });

  test("is 400 for pushing, pulling and deleting a manifest", async () => {
    expectError(await putManifest(registry.url, name, index, digest), 400);
    for (const method of ["GET", "DELETE"]) {
      expectError(await send(method, manifestUrl(registry.url, name, digest)), 400);
    }
    expect((await send("HEAD", manifestUrl(registry.url, name, digest))).status).toBe(400);
  });
});

test("an upload without anything behind digest= does not end", async () => {
  const session = await startUpload(registry.url, name);
  expectError(await send("PUT", `${session}?digest=`, { body: makeBlob(3).bytes }), 400, "DIGEST_INVALID");
});

test("a digest with slashes leads nowhere", async () => {
  const digest = `sha256:..%2f..%2f${HEX.slice(6)}`;
  expectError(await send("GET", blobUrl(registry.url, name, digest)), 400);
  const reply = await send("POST", `${registry.url}/v2/${name}/blobs/uploads/?digest=${digest}`, { body: "x" });
  expectError(reply, 400, "DIGEST_INVALID");
});
