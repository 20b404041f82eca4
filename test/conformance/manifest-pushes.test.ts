import { describe, expect, test } from "bun:test";
import { ALGORITHMS, describeManifest, freshName, makeArtifact } from "./content-factory.ts";
import { makeImage, makeIndex, missingDigest, TYPE } from "./content-factory.ts";
import { expectError } from "./expect-error.ts";
import { expectServed } from "./expect-manifest.ts";
import { manifestUrl, pushBlob, pushImage, pushManifest, putManifest, send } from "./registry-client.ts";
import { registryUnderTest } from "./registry-under-test.ts";

const registry = registryUnderTest();

describe("OCI-Subject", () => {
  test.each(["that is here", "that is missing"])("answers the push of a manifest with a subject %s", async (which) => {
    const name = freshName();
    const subject = makeImage();
    if (which === "that is here") await pushImage(registry.url, name, subject);
    const referrer = makeArtifact("application/vnd.example.sbom", { subject: describeManifest(subject.manifest) });
    for (const blob of referrer.blobs) await pushBlob(registry.url, name, blob);
    for (const reference of [referrer.manifest.digest, "tagged"]) {
      const reply = await putManifest(registry.url, name, referrer.manifest, reference);
      expect(reply.status, reply.text).toBe(201);
      expect(reply.headers.get("oci-subject")).toBe(subject.manifest.digest);
    }
    await expectServed(manifestUrl(registry.url, name, referrer.manifest.digest), referrer.manifest);
  });

  test("answers the push of an index with a subject", async () => {
    const name = freshName();
    const digest = missingDigest();
    const index = makeIndex([], { subject: { mediaType: TYPE.index, digest, size: 10 } });
    expect((await putManifest(registry.url, name, index)).headers.get("oci-subject")).toBe(digest);
  });

  test("is left out when there is no subject", async () => {
    const reply = await putManifest(registry.url, freshName(), makeIndex([]));
    expect(reply.headers.has("oci-subject")).toBe(false);
  });
});

describe("a manifest pushed by digest with tags in the query", () => {
  test.each(ALGORITHMS)("has them all at once, each with the %s digest", async (algorithm) => {
    const name = freshName();
    const index = makeIndex([], { annotations: { nonce: missingDigest() } }, algorithm);
    const url = `${manifestUrl(registry.url, name, index.digest)}?tag=one&tag=two&tag=v3.0`;
    const reply = await send("PUT", url, { headers: { "Content-Type": TYPE.index }, body: index.bytes });
    expect(reply.status, reply.text).toBe(201);
    const tags = reply.headers.get("oci-tag")?.split(/,\s*/);
    expect(tags?.sort()).toEqual(["one", "two", "v3.0"]);
    for (const tag of ["one", "two", "v3.0"]) await expectServed(manifestUrl(registry.url, name, tag), index);
  });

  test("is refused as a whole when one of them is no tag", async () => {
    const name = freshName();
    const index = makeIndex([], { annotations: { nonce: missingDigest() } });
    const url = `${manifestUrl(registry.url, name, index.digest)}?tag=good&tag=-bad`;
    const reply = await send("PUT", url, { headers: { "Content-Type": TYPE.index }, body: index.bytes });
    expectError(reply, 400, "TAG_INVALID");
    expect((await send("HEAD", manifestUrl(registry.url, name, "good"))).status).toBe(404);
    expect((await send("HEAD", manifestUrl(registry.url, name, index.digest))).status).toBe(404);
  });
});

test("a tag moves to the manifest that was pushed last, and the one before stays by digest", async () => {
  const name = freshName();
  const [first, second] = [makeIndex([], { annotations: { n: "1" } }), makeIndex([], { annotations: { n: "2" } })];
  await pushManifest(registry.url, name, first, "latest");
  await pushManifest(registry.url, name, second, "latest");
  await expectServed(manifestUrl(registry.url, name, "latest"), second);
  await expectServed(manifestUrl(registry.url, name, first.digest), first);
});
