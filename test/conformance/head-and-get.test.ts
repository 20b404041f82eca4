import { beforeAll, expect, test } from "bun:test";
import { contentOf, freshName, makeBlob, makeImage, missingDigest } from "./content-factory.ts";
import { pushBlob, pushImage, send } from "./registry-client.ts";
import { registryUnderTest } from "./registry-under-test.ts";

const registry = registryUnderTest();
const name = freshName("parity");
const image = makeImage();
const [blob, empty] = [makeBlob(5000), contentOf("")];
beforeAll(async () => {
  await pushImage(registry.url, name, image, "v1");
  for (const content of [blob, empty]) await pushBlob(registry.url, name, content);
});

/** Those differ from answer to answer. */
const PASSING = ["date", "x-request-id", "connection"];

async function answerTo(method: string, path: string, headers: Record<string, string>) {
  const { status, headers: told } = await send(method, `${registry.url}${path}`, { headers });
  return { status, told: Object.fromEntries([...told].filter(([header]) => !PASSING.includes(header))) };
}

test.each<readonly [string, string, Record<string, string>?]>([
  ["the API", "/v2/"],
  ["the tags", `/v2/${name}/tags/list`],
  ["a manifest by tag", `/v2/${name}/manifests/v1`],
  ["a manifest by digest", `/v2/${name}/manifests/${image.manifest.digest}`],
  ["a manifest that is known", `/v2/${name}/manifests/v1`, { "If-None-Match": `"${image.manifest.digest}"` }],
  ["a tag that is not there", `/v2/${name}/manifests/none`],
  ["a digest that is none", `/v2/${name}/manifests/sha256:zz`],
  ["a blob", `/v2/${name}/blobs/${blob.digest}`],
  ["the empty blob", `/v2/${name}/blobs/${empty.digest}`],
  ["a blob that is known", `/v2/${name}/blobs/${blob.digest}`, { "If-None-Match": `"${blob.digest}"` }],
  ["a blob, with a range that is none", `/v2/${name}/blobs/${blob.digest}`, { Range: "bytes=9-1" }],
  ["a blob, with too many ranges", `/v2/${name}/blobs/${blob.digest}`, { Range: "bytes=0-,0-" }],
  [
    "a blob, with a condition that does not hold",
    `/v2/${name}/blobs/${blob.digest}`,
    { Range: "bytes=1-2", "If-Range": '"x"' },
  ],
  ["referrers", `/v2/${name}/referrers/${image.manifest.digest}`],
])("HEAD of %s says what GET says", async (...[, path, headers = {}]) => {
  expect(await answerTo("HEAD", path, headers)).toEqual(await answerTo("GET", path, headers));
});

test("a blob that is not there is so by HEAD and by GET", async () => {
  const path = `/v2/${name}/blobs/${missingDigest()}`;
  expect((await answerTo("HEAD", path, {})).status).toBe(404);
  expect((await answerTo("GET", path, {})).status).toBe(404);
});
