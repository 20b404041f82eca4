import { describe, expect, test } from "bun:test";
import { ALGORITHMS, freshName, makeBlob, makeImage, makeIndex, missingDigest } from "./content-factory.ts";
import { expectError } from "./expect-error.ts";
import { blobUrl, manifestUrl, pushBlob, pushImage, pushManifest, send } from "./registry-client.ts";
import { registryUnderTest } from "./registry-under-test.ts";

const registry = registryUnderTest();

async function statusOf(method: string, url: string): Promise<number> {
  return (await send(method, url)).status;
}

async function tagsOf(name: string): Promise<string[]> {
  const reply = await send("GET", `${registry.url}/v2/${name}/tags/list`);
  return reply.status === 404 ? [] : (JSON.parse(reply.text) as { tags: string[] }).tags;
}

describe("deleting a tag", () => {
  test("is 202, the tag is 404 at once, and the manifest and its other tags stay", async () => {
    const name = freshName();
    const index = makeIndex([]);
    for (const tag of ["one", "two"]) await pushManifest(registry.url, name, index, tag);
    expect(await statusOf("DELETE", manifestUrl(registry.url, name, "one"))).toBe(202);
    expectError(await send("GET", manifestUrl(registry.url, name, "one")), 404, "MANIFEST_UNKNOWN");
    expect(await statusOf("HEAD", manifestUrl(registry.url, name, "one"))).toBe(404);
    expect(await statusOf("HEAD", manifestUrl(registry.url, name, "two"))).toBe(200);
    expect(await statusOf("HEAD", manifestUrl(registry.url, name, index.digest))).toBe(200);
    expect(await tagsOf(name)).toEqual(["two"]);
  });

  test("that does not exist is 404", async () => {
    const name = freshName();
    await pushManifest(registry.url, name, makeIndex([]), "one");
    expectError(await send("DELETE", manifestUrl(registry.url, name, "two")), 404, "MANIFEST_UNKNOWN");
  });

  test("twice is 404 the second time", async () => {
    const name = freshName();
    await pushManifest(registry.url, name, makeIndex([]), "one");
    expect(await statusOf("DELETE", manifestUrl(registry.url, name, "one"))).toBe(202);
    expect(await statusOf("DELETE", manifestUrl(registry.url, name, "one"))).toBe(404);
  });
});

describe.each(ALGORITHMS)("deleting a manifest by %s", (algorithm) => {
  test("is 202, and it and all its tags are 404 at once", async () => {
    const name = freshName();
    const index = makeIndex([], { annotations: { nonce: missingDigest() } }, algorithm);
    const url = `${manifestUrl(registry.url, name, index.digest)}?tag=one&tag=two`;
    await send("PUT", url, { headers: { "Content-Type": index.mediaType }, body: index.bytes });
    await pushManifest(registry.url, name, makeIndex([]), "other");
    expect(await statusOf("DELETE", manifestUrl(registry.url, name, index.digest))).toBe(202);
    for (const reference of [index.digest, "one", "two"]) {
      expectError(await send("GET", manifestUrl(registry.url, name, reference)), 404, "MANIFEST_UNKNOWN");
      expect(await statusOf("HEAD", manifestUrl(registry.url, name, reference))).toBe(404);
    }
    expect(await tagsOf(name)).toEqual(["other"]);
  });

  test("that does not exist is 404", async () => {
    const name = freshName();
    await pushManifest(registry.url, name, makeIndex([]), "one");
    const reply = await send("DELETE", manifestUrl(registry.url, name, missingDigest(algorithm)));
    expectError(reply, 404, "MANIFEST_UNKNOWN");
  });

  test("lets it be pushed again", async () => {
    const name = freshName();
    const image = makeImage({}, algorithm);
    await pushImage(registry.url, name, image);
    expect(await statusOf("DELETE", manifestUrl(registry.url, name, image.manifest.digest))).toBe(202);
    await pushImage(registry.url, name, image);
    expect((await send("GET", manifestUrl(registry.url, name, image.manifest.digest))).bytes).toEqual(
      image.manifest.bytes,
    );
  });
});

describe.each(ALGORITHMS)("deleting a blob by %s", (algorithm) => {
  test("is 202, and it is 404 at once", async () => {
    const name = freshName();
    const blob = makeBlob(500, algorithm);
    await pushBlob(registry.url, name, blob);
    const url = blobUrl(registry.url, name, blob.digest);
    expect(await statusOf("DELETE", url)).toBe(202);
    expect(await statusOf("HEAD", url)).toBe(404);
    expectError(await send("GET", url), 404, "BLOB_UNKNOWN");
    expectError(await send("DELETE", url), 404, "BLOB_UNKNOWN");
  });

  test("leaves it in other repositories", async () => {
    const [name, other] = [freshName(), freshName()];
    const blob = makeBlob(500, algorithm);
    for (const repository of [name, other]) await pushBlob(registry.url, repository, blob);
    expect(await statusOf("DELETE", blobUrl(registry.url, name, blob.digest))).toBe(202);
    expect((await send("GET", blobUrl(registry.url, other, blob.digest))).bytes).toEqual(blob.bytes);
  });

  test("lets it be pushed again", async () => {
    const name = freshName();
    const blob = makeBlob(500, algorithm);
    for (let round = 0; round < 3; round++) {
      await pushBlob(registry.url, name, blob);
      expect((await send("GET", blobUrl(registry.url, name, blob.digest))).bytes).toEqual(blob.bytes);
      expect(await statusOf("DELETE", blobUrl(registry.url, name, blob.digest))).toBe(202);
    }
  });
});

describe("deleting a blob that another repository answers for", () => {
  test("is 404 and says which: nothing is deleted there", async () => {
    const path = freshName();
    const image = makeImage();
    await pushImage(registry.url, path, image, "v1");
    const blob = image.blobs[0] ?? makeBlob();
    const asStandIn = blobUrl(registry.url, `quay.io/${path}`, blob.digest);
    expect(await statusOf("GET", asStandIn)).toBe(200);
    const refused = await send("DELETE", asStandIn);
    expectError(refused, 404, "BLOB_UNKNOWN");
    expect(refused.text).toContain(`local/${path} answers for it`);
    for (const url of [asStandIn, blobUrl(registry.url, path, blob.digest)])
      expect(await statusOf("GET", url)).toBe(200);
  });

  test("is refused where a manifest would borrow it at once, and not once that is gone", async () => {
    const [name, other] = [freshName(), freshName()];
    const image = makeImage();
    for (const repository of [name, other]) await pushImage(registry.url, repository, image, "v1");
    const url = blobUrl(registry.url, name, image.blobs[0]?.digest ?? "");
    expectError(await send("DELETE", url), 405, "UNSUPPORTED");
    expect(await statusOf("GET", url)).toBe(200);
    expect(await statusOf("DELETE", manifestUrl(registry.url, name, image.manifest.digest))).toBe(202);
    expect(await statusOf("DELETE", url)).toBe(202);
    expect(await statusOf("GET", url)).toBe(404);
    expect(await statusOf("GET", blobUrl(registry.url, other, image.blobs[0]?.digest ?? ""))).toBe(200);
  });
});

test("deleting in a repository that does not exist is 404", async () => {
  for (const url of [
    blobUrl(registry.url, freshName(), missingDigest()),
    manifestUrl(registry.url, freshName(), missingDigest()),
    manifestUrl(registry.url, freshName(), "latest"),
  ]) {
    expectError(await send("DELETE", url), 404);
  }
});
