import { describe, expect, test } from "bun:test";
import { ALGORITHMS, freshName, makeBlob, missingDigest } from "./content-factory.ts";
import { expectError } from "./expect-error.ts";
import { blobUrl, finishUpload, locationOf, pushBlob, type Reply, send } from "./registry-client.ts";
import { registryUnderTest } from "./registry-under-test.ts";

const registry = registryUnderTest();

async function mount(name: string, digest: string, from?: string): Promise<Reply> {
  const query = new URLSearchParams({ mount: digest, ...(from === undefined ? {} : { from }) });
  return await send("POST", `${registry.url}/v2/${name}/blobs/uploads/?${query.toString()}`);
}

describe.each(ALGORITHMS)("mounting a blob by %s", (algorithm) => {
  test("from a repository that has it creates it, and Location serves it", async () => {
    const [source, target] = [freshName("source"), freshName("target")];
    const blob = makeBlob(512, algorithm);
    await pushBlob(registry.url, source, blob);
    const reply = await mount(target, blob.digest, source);
    expect(reply.status).toBe(201);
    expect(reply.headers.get("docker-content-digest")).toBe(blob.digest);
    expect((await send("GET", locationOf(reply, registry.url))).bytes).toEqual(blob.bytes);
    const head = await send("HEAD", blobUrl(registry.url, target, blob.digest));
    expect(head.status).toBe(200);
    expect(head.headers.get("content-length")).toBe("512");
  });

  test("without saying from where finds it", async () => {
    const target = freshName("target");
    const blob = makeBlob(512, algorithm);
    await pushBlob(registry.url, freshName("source"), blob);
    const reply = await mount(target, blob.digest);
    expect(reply.status).toBe(201);
    expect((await send("GET", locationOf(reply, registry.url))).bytes).toEqual(blob.bytes);
  });

  test.each(["a repository that lacks it", "a repository that does not exist", "nowhere"])(
    "that is missing from %s opens an upload that works",
    async (where) => {
      const [source, target] = [freshName("source"), freshName("target")];
      if (where.endsWith("lacks it")) await pushBlob(registry.url, source, makeBlob());
      const blob = makeBlob(512, algorithm);
      const reply = await mount(target, blob.digest, where === "nowhere" ? undefined : source);
      expect(reply.status).toBe(202);
      expect((await send("HEAD", blobUrl(registry.url, target, blob.digest))).status).toBe(404);
      expect((await finishUpload(locationOf(reply, registry.url), blob.digest, blob.bytes)).status).toBe(201);
      expect((await send("GET", blobUrl(registry.url, target, blob.digest))).bytes).toEqual(blob.bytes);
    },
  );
});

test("the upload that a failed mount opens can be cancelled with exactly 204", async () => {
  // podman and skopeo do this after each mount that was not possible.
  const reply = await mount(freshName(), missingDigest(), freshName());
  expect(reply.status).toBe(202);
  expect((await send("DELETE", locationOf(reply, registry.url))).status).toBe(204);
});

test("mounting into the repository that has the blob already is fine", async () => {
  const name = freshName();
  const blob = makeBlob();
  await pushBlob(registry.url, name, blob);
  expect((await mount(name, blob.digest, name)).status).toBe(201);
});

test("a mounted blob stays when the source's is deleted", async () => {
  const [source, target] = [freshName("source"), freshName("target")];
  const blob = makeBlob();
  await pushBlob(registry.url, source, blob);
  expect((await mount(target, blob.digest, source)).status).toBe(201);
  expect((await send("DELETE", blobUrl(registry.url, source, blob.digest))).status).toBe(202);
  expect((await send("GET", blobUrl(registry.url, target, blob.digest))).bytes).toEqual(blob.bytes);
});

test("mounting by what is no digest is 400 DIGEST_INVALID", async () => {
  expectError(await mount(freshName(), "sha256:short", freshName()), 400, "DIGEST_INVALID");
});

test("mounting from what is no repository name is refused, and from nowhere opens an upload", async () => {
  for (const from of ["../../etc", "UPPER", "a//b"]) {
    expect((await mount(freshName(), missingDigest(), from)).status, from).toBe(400);
  }
  expect((await mount(freshName(), missingDigest(), "")).status).toBe(202);
});
