import { describe, expect, test } from "bun:test";
import { describeManifest, freshName, makeDockerImage, makeIndex, missingDigest, TYPE } from "./content-factory.ts";
import { expectError } from "./expect-error.ts";
import { expectServed } from "./expect-manifest.ts";
import { manifestUrl, pushImage, pushManifest, send } from "./registry-client.ts";
import { registryUnderTest } from "./registry-under-test.ts";

const registry = registryUnderTest();

describe("asking for a manifest", () => {
  test.each([
    ["nothing", {}],
    ["anything", { Accept: "*/*" }],
    ["only what it is not", { Accept: TYPE.dockerManifest }],
  ])("while accepting %s gives what is stored", async (_what, headers: Record<string, string>) => {
    const name = freshName();
    const index = makeIndex([], { annotations: { nonce: missingDigest() } });
    await pushManifest(registry.url, name, index, "latest");
    for (const reference of ["latest", index.digest]) {
      const reply = await send("GET", manifestUrl(registry.url, name, reference), { headers });
      expect(reply.status).toBe(200);
      expect(reply.headers.get("content-type")).toBe(TYPE.index);
      expect(reply.bytes).toEqual(index.bytes);
    }
  });

  test("that was pushed with a charset gives the type without it", async () => {
    const name = freshName();
    const index = makeIndex([]);
    const headers = { "Content-Type": `${TYPE.index}; charset=utf-8` };
    const put = await send("PUT", manifestUrl(registry.url, name, "latest"), { headers, body: index.bytes });
    expect(put.status, put.text).toBe(201);
    await expectServed(manifestUrl(registry.url, name, "latest"), index);
  });

  test("that a Docker list holds, by tag and without accepting lists, gives the image for linux/amd64", async () => {
    const name = freshName();
    const [amd64, arm64] = [makeDockerImage(), makeDockerImage()];
    for (const image of [amd64, arm64]) await pushImage(registry.url, name, image);
    const manifests = [
      describeManifest(arm64.manifest, { platform: { os: "linux", architecture: "arm64" } }),
      describeManifest(amd64.manifest, { platform: { os: "linux", architecture: "amd64" } }),
    ];
    const list = makeIndex(manifests, { mediaType: TYPE.dockerList });
    await pushManifest(registry.url, name, list, "latest");
    const headers = { Accept: TYPE.dockerManifest };
    for (const method of ["GET", "HEAD"]) {
      const reply = await send(method, manifestUrl(registry.url, name, "latest"), { headers });
      expect(reply.headers.get("content-type")).toBe(TYPE.dockerManifest);
      expect(reply.headers.get("docker-content-digest")).toBe(amd64.manifest.digest);
      expect(reply.headers.get("content-length")).toBe(String(amd64.manifest.bytes.length));
    }
    const byDigest = await send("GET", manifestUrl(registry.url, name, list.digest), { headers });
    expect(byDigest.bytes).toEqual(list.bytes);
    await expectServed(manifestUrl(registry.url, name, "latest"), list);
  });

  test("that the client has already is 304", async () => {
    const name = freshName();
    const index = makeIndex([]);
    await pushManifest(registry.url, name, index, "latest");
    for (const reference of ["latest", index.digest]) {
      const url = manifestUrl(registry.url, name, reference);
      const etag = (await send("GET", url)).headers.get("etag") ?? "";
      expect(etag).toBe(`"${index.digest}"`);
      for (const method of ["GET", "HEAD"]) {
        expect((await send(method, url, { headers: { "If-None-Match": etag } })).status).toBe(304);
      }
    }
  });

  test("with a range from zero gives all of it", async () => {
    // containerd 2.3 does so.
    const name = freshName();
    const index = makeIndex([]);
    await pushManifest(registry.url, name, index, "latest");
    const headers = { Range: "bytes=0-" };
    const reply = await send("GET", manifestUrl(registry.url, name, index.digest), { headers });
    expect(reply.status).toBe(200);
    expect(reply.bytes).toEqual(index.bytes);
  });

  test("that is missing is 404 MANIFEST_UNKNOWN", async () => {
    const name = freshName();
    await pushManifest(registry.url, name, makeIndex([]), "latest");
    for (const reference of ["missing", missingDigest(), missingDigest("sha512")]) {
      expectError(await send("GET", manifestUrl(registry.url, name, reference)), 404, "MANIFEST_UNKNOWN");
      expect((await send("HEAD", manifestUrl(registry.url, name, reference))).status).toBe(404);
    }
  });

  test("by digest is 404 in a repository that it was not pushed to", async () => {
    const index = makeIndex([], { annotations: { nonce: missingDigest() } });
    const other = freshName();
    await pushManifest(registry.url, freshName(), index);
    await pushManifest(registry.url, other, makeIndex([]));
    expectError(await send("GET", manifestUrl(registry.url, other, index.digest)), 404, "MANIFEST_UNKNOWN");
  });
});
