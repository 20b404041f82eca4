import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freshName, makeBlob, makeImage, makeIndex, missingDigest } from "./content-factory.ts";
import { expectError } from "./expect-error.ts";
import { type RawReply, sendPath } from "./raw-http.ts";
import { blobUrl, manifestUrl, pushBlob, pushImage, pushManifest, putManifest, send } from "./registry-client.ts";
import { isForeignRegistry, registryUnderTest } from "./registry-under-test.ts";

/** Holds the data folder and nothing else: what is written beside it has left its place. */
const folder = mkdtempSync(join(tmpdir(), "larder-test-"));
const registry = registryUnderTest({ dataFolder: join(folder, "data") });
afterAll(() => rm(folder, { recursive: true, force: true }));

const DIGEST = missingDigest();
const INDEX = makeIndex([]);

/** Every kind of request that names a repository, sent exactly as written. */
async function sendAll(name: string): Promise<[string, RawReply][]> {
  const requests: [string, string][] = [
    ["GET", `/v2/${name}/manifests/latest`],
    ["HEAD", `/v2/${name}/manifests/latest`],
    ["PUT", `/v2/${name}/manifests/latest`],
    ["DELETE", `/v2/${name}/manifests/latest`],
    ["GET", `/v2/${name}/blobs/${DIGEST}`],
    ["DELETE", `/v2/${name}/blobs/${DIGEST}`],
    ["POST", `/v2/${name}/blobs/uploads/`],
    ["GET", `/v2/${name}/tags/list`],
    ["GET", `/v2/${name}/referrers/${DIGEST}`],
  ];
  const body = Buffer.from(INDEX.bytes).toString("latin1");
  return await Promise.all(
    requests.map(async ([method, path]): Promise<[string, RawReply]> => {
      const isPut = method === "PUT";
      const headers = isPut ? { "Content-Type": INDEX.mediaType } : {};
      return [`${method} ${path}`, await sendPath(registry.url, method, path, headers, isPut ? body : "")];
    }),
  );
}

describe("a name that the grammar forbids", () => {
  test.each([
    ["upper case", "Library/nginx"],
    ["upper case at the end", "library/Nginx"],
    ["256 characters", `library/${"a".repeat(248)}`],
    ["thousands of characters", `a/${"b/".repeat(3000)}c`],
    ["an accent", "caf%C3%A9/x"],
    ["another script", "%E5%BA%93/x"],
    ["an accent as a raw byte", "caf\xe9/x"],
    ["a space", "a%20b"],
    ["a leading dash", "-a/b"],
    ["a trailing dash", "a-/b"],
    ["a leading dot", ".a/b"],
    ["three underscores", "a___b"],
    ["two dots", "a..b"],
    ["dot and dash", "a.-b"],
    ["a plus", "a+b"],
    ["an at", "a@b"],
    ["a backslash", "a%5Cb"],
    ["a tilde", "~root/x"],
    ["a quote", "a'b"],
    ["a newline", "a%0Ab"],
    ["a percent", "a%25b"],
  ])("for %s is 400 NAME_INVALID in every request", async (_why, name) => {
    for (const [request, reply] of await sendAll(name)) {
      expect(reply.status, request).toBe(400);
      if (!request.startsWith("HEAD")) expect(reply.body.toString(), request).toContain('"NAME_INVALID"');
    }
  });
});

describe("a name that would lead elsewhere", () => {
  test.each([
    // These lead out of /v2/, to where nothing is.
    ["..", "../../etc", 404],
    ["%2e%2e", "%2e%2e/%2e%2e/etc", 404],
    [".. at the end", "a/..", 400],
    ["%2f", "a%2fb", 400],
    ["%2f and dots", "..%2f..%2fetc", 400],
    ["//", "a//b", 400],
    ["// at the start", "/a", 400],
    ["NUL", "a%00b", 400],
    ["NUL at the end", "a%00", 400],
    ["an overlong encoding of a dot", "%c0%ae%c0%ae/a", 400],
    ["a bad escape", "a%zz", 400],
    ["a cut escape", "a%2", 400],
  ])("by %s is refused in every request", async (_how, name, status) => {
    for (const [request, reply] of await sendAll(name)) expect(reply.status, request).toBe(status);
  });

  test.each([
    [".. in the middle", "ID/../ID-folded", "ID-folded"],
    [".", "ID/./b", "ID/b"],
    ["%2E%2E in the middle", "ID/%2E%2E/ID-folded", "ID-folded"],
    ["half escaped dots", "ID/.%2e/ID-folded", "ID-folded"],
  ])("by %s is the name that the dots fold to and no other", async (_how, pattern, foldedPattern) => {
    const id = freshName().replace("conformance/", "");
    const [name, folded] = [pattern, foldedPattern].map((text) => text.replaceAll("ID", id));
    const body = Buffer.from(INDEX.bytes).toString("latin1");
    const type = { "Content-Type": INDEX.mediaType };
    const put = await sendPath(registry.url, "PUT", `/v2/${name}/manifests/latest`, type, body);
    expect(put.status).toBe(201);
    expect((await send("GET", manifestUrl(registry.url, folded ?? "", "latest"))).status).toBe(200);
    expect((await send("GET", manifestUrl(registry.url, id, "latest"))).status).toBe(404);
  });

  test.skipIf(isForeignRegistry)("leaves nothing outside the data folder", async () => {
    // Where it writes down that it runs is beside it in these tests.
    expect((await readdir(folder)).filter((name) => !name.endsWith("-run"))).toEqual(["data"]);
  });
});

test.each(["\0", "\x01", "\x7f"])("the raw byte %p in a path is refused and does not end the server", async (byte) => {
  const reply = await sendPath(registry.url, "GET", `/v2/a${byte}b/tags/list`);
  // Most are refused by the HTTP parser of the runtime, with whatever status it finds fit, or none.
  expect(reply.status).toBeOneOf([0, 400, 505]);
  expect((await send("GET", `${registry.url}/v2/`)).status).toBe(200);
});

describe("a name that the grammar allows", () => {
  test.each([
    "a",
    "0",
    "a-b",
    "a--b",
    "a---b",
    "a_b",
    "a__b",
    "library/a.b",
    "a/b/c/d/e/f/g/h",
    "x".repeat(100),
    `long/${"y".repeat(250)}`,
    "blobs",
    "tags",
    "manifests",
    "referrers/blobs",
    "tags/list",
    "blobs/uploads",
    "v2/v2",
    "manifests/latest/blobs",
  ])("%s can be pushed to and pulled from", async (name) => {
    const image = makeImage();
    await pushImage(registry.url, name, image, "latest");
    const pulled = await send("GET", manifestUrl(registry.url, name, "latest"));
    expect(pulled.bytes).toEqual(image.manifest.bytes);
    for (const blob of image.blobs) {
      expect((await send("GET", blobUrl(registry.url, name, blob.digest))).bytes).toEqual(blob.bytes);
    }
    const tags = await send("GET", `${registry.url}/v2/${name}/tags/list`);
    expect(JSON.parse(tags.text)).toEqual({ name, tags: ["latest"] });
  });
});

describe("a tag that the grammar forbids", () => {
  test.each([
    ["129 characters", "x".repeat(129)],
    ["a leading dot", ".hidden"],
    ["a leading dash", "-rf"],
    ["a plus", "v1+2"],
    ["a space", "a%20b"],
    ["an accent", "%C3%A9"],
    ["an escaped slash", "a%2fb"],
    ["dots", "..%2f..%2fetc"],
    ["NUL", "a%00b"],
    ["an at", "a@b"],
  ])("for %s is 400, and nothing is stored", async (_why, tag) => {
    const name = freshName();
    await pushManifest(registry.url, name, makeIndex([]), "honest");
    const body = Buffer.from(INDEX.bytes).toString("latin1");
    const path = `/v2/${name}/manifests/${tag}`;
    const put = await sendPath(registry.url, "PUT", path, { "Content-Type": INDEX.mediaType }, body);
    expect(put.status).toBe(400);
    expect(put.body.toString()).toMatch(/"(TAG|DIGEST|NAME)_INVALID"/);
    const get = await sendPath(registry.url, "GET", path);
    expect(get.status).toBe(400);
    const tags = await send("GET", `${registry.url}/v2/${name}/tags/list`);
    expect(JSON.parse(tags.text)).toEqual({ name, tags: ["honest"] });
  });

  test("is told from a good one by the code", async () => {
    const name = freshName();
    expectError(await putManifest(registry.url, name, INDEX, "x".repeat(129)), 400, "TAG_INVALID");
    expectError(await putManifest(registry.url, name, INDEX, "-a"), 400, "TAG_INVALID");
    expect((await putManifest(registry.url, name, INDEX, "x".repeat(128))).status).toBe(201);
  });
});

test("a repository with a blob's name is not the other repository with that blob", async () => {
  const blob = makeBlob();
  const name = freshName();
  await pushBlob(registry.url, `${name}/a`, blob);
  for (const other of [name, `${name}/a/a`, `${name}/b`]) {
    expect((await send("HEAD", blobUrl(registry.url, other, blob.digest))).status).toBe(404);
  }
});
