/** Whatever larder answers, a browser takes it for data, and pages of other sites do not get to read it. */
import { beforeAll, expect, test } from "bun:test";
import { freshName, makeBlob, makeImage } from "./content-factory.ts";
import { blobUrl, manifestUrl, pushBlob, pushImage, send, startUpload } from "./registry-client.ts";
import { isForeignRegistry, registryUnderTest } from "./registry-under-test.ts";

const registry = registryUnderTest();
const name = freshName("browsers");
const image = makeImage();
const blob = makeBlob();
beforeAll(async () => {
  await pushImage(registry.url, name, image, "latest");
  await pushBlob(registry.url, name, blob);
});

const PAGES: readonly (readonly [string, string, () => string])[] = [
  ["the API's root", "GET", () => `${registry.url}/v2/`],
  ["a manifest by tag", "GET", () => manifestUrl(registry.url, name, "latest")],
  ["its HEAD", "HEAD", () => manifestUrl(registry.url, name, "latest")],
  ["a manifest by digest", "GET", () => manifestUrl(registry.url, name, image.manifest.digest)],
  ["a blob", "GET", () => blobUrl(registry.url, name, blob.digest)],
  ["tags", "GET", () => `${registry.url}/v2/${name}/tags/list`],
  ["the catalog", "GET", () => `${registry.url}/v2/_catalog`],
  ["referrers", "GET", () => `${registry.url}/v2/${name}/referrers/${image.manifest.digest}`],
  ["what is not there", "GET", () => manifestUrl(registry.url, name, "nope")],
  ["a path of nobody", "GET", () => `${registry.url}/nobody`],
  ["an upload", "POST", () => `${registry.url}/v2/${name}/blobs/uploads/`],
  ["the admin API", "GET", () => `${registry.url}/api/v1/version`],
  ["its errors", "GET", () => `${registry.url}/api/v1/nothing`],
  ["health", "GET", () => `${registry.url}/healthz`],
  ["metrics", "GET", () => `${registry.url}/metrics`],
  ["nodes' pages", "GET", () => `${registry.url}/client/`],
  ["ACIs", "GET", () => `${registry.url}/aci/`],
  ["a preflight", "OPTIONS", () => `${registry.url}/v2/`],
];

test.skipIf(isForeignRegistry).each(PAGES)("%s", async (_, method, url) => {
  const asked = { Origin: "http://elsewhere.example", "Access-Control-Request-Method": "GET" };
  const { headers } = await send(method, url(), { headers: asked });
  expect(headers.get("x-content-type-options")).toBe("nosniff");
  expect(headers.get("content-security-policy")).toContain("default-src 'none'");
  expect(headers.get("cross-origin-resource-policy")).toBe("same-origin");
  expect(headers.get("referrer-policy")).toBe("no-referrer");
  expect([...headers.keys()].filter((key) => key.startsWith("access-control-"))).toEqual([]);
});

test.skipIf(isForeignRegistry)("an upload's session", async () => {
  const { headers } = await send("GET", await startUpload(registry.url, name));
  expect(headers.get("content-security-policy")).toContain("sandbox");
});
