import { beforeAll, describe, expect, test } from "bun:test";
import { freshName, makeIndex, missingDigest } from "./content-factory.ts";
import { expectError } from "./expect-error.ts";
import { blobUrl, manifestUrl, pushManifest, send } from "./registry-client.ts";
import { registryUnderTest } from "./registry-under-test.ts";

const registry = registryUnderTest();
const name = freshName("errors");
beforeAll(async () => {
  await pushManifest(registry.url, name, makeIndex([]), "latest");
});

const DIGEST = missingDigest();

describe("an error", () => {
  test.each([
    ["GET", `/v2/${name}/blobs/${DIGEST}`, 404, "BLOB_UNKNOWN"],
    ["GET", `/v2/${name}/manifests/none`, 404, "MANIFEST_UNKNOWN"],
    ["GET", `/v2/${name}/blobs/uploads/none`, 404, "BLOB_UPLOAD_UNKNOWN"],
    ["GET", `/v2/${name}/blobs/sha256:x`, 400, "DIGEST_INVALID"],
    ["GET", "/v2/no/such/repository/tags/list", 404, "NAME_UNKNOWN"],
    ["GET", "/v2/UPPER/tags/list", 400, "NAME_INVALID"],
    ["PUT", `/v2/${name}/manifests/.dot`, 400, "TAG_INVALID"],
    ["PUT", `/v2/${name}/manifests/latest`, 400, "MANIFEST_INVALID"],
  ])("of %s %s is %d %s in the specification's form", async (method, path, status, code) => {
    const options = method === "PUT" ? { headers: { "Content-Type": "application/json" }, body: "{" } : {};
    const reply = await send(method, `${registry.url}${path}`, options);
    expectError(reply, status, code);
    expect(reply.headers.get("docker-distribution-api-version")).toBe("registry/2.0");
  });

  test("quotes what was asked for", async () => {
    const [blob] = expectError(await send("GET", blobUrl(registry.url, name, DIGEST)), 404);
    expect(blob?.message).toContain(DIGEST);
    const [manifest] = expectError(await send("GET", manifestUrl(registry.url, name, "no-such-tag")), 404);
    expect(manifest?.message).toContain("no-such-tag");
  });

  test("of a HEAD has the status and no body", async () => {
    for (const url of [blobUrl(registry.url, name, DIGEST), manifestUrl(registry.url, name, "none")]) {
      const reply = await send("HEAD", url);
      expect(reply.status).toBe(404);
      expect(reply.bytes.length).toBe(0);
    }
  });

  test("may not be cached as if it were content", async () => {
    const reply = await send("GET", blobUrl(registry.url, name, DIGEST));
    expect(reply.headers.get("cache-control") ?? "").not.toContain("max-age=31536000");
    expect(reply.headers.has("etag")).toBe(false);
  });
});

describe("a method that does not fit", () => {
  test.each([
    ["POST", "/v2/"],
    ["DELETE", "/v2/_catalog"],
    ["POST", `/v2/${name}/manifests/latest`],
    ["PATCH", `/v2/${name}/manifests/latest`],
    ["PUT", `/v2/${name}/blobs/${DIGEST}`],
    ["PUT", `/v2/${name}/tags/list`],
    ["DELETE", `/v2/${name}/referrers/${DIGEST}`],
    ["GET", `/v2/${name}/blobs/uploads/`],
    ["PUT", `/v2/${name}/blobs/uploads/`],
  ])("%s %s is 405 and names those that do", async (method, path) => {
    const reply = await send(method, `${registry.url}${path}`);
    expectError(reply, 405, "UNSUPPORTED");
    expect(reply.headers.get("allow")).toMatch(/^[A-Z]+(, [A-Z]+)*$/);
    expect(reply.headers.get("allow")).not.toContain(method);
  });
});

test.each(["/v2/x", `/v2/${name}`, `/v2/${name}/`, `/v2/${name}/nothing`, `/v2/${name}/tags`, "/v2/_catalog/x"])(
  "%s is nothing: 400 in the specification's form",
  async (path) => {
    expectError(await send("GET", `${registry.url}${path}`), 400);
  },
);

test("the older API is not there", async () => {
  expect((await send("GET", `${registry.url}/v1/_ping`)).status).toBe(404);
});
