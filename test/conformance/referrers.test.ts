import { describe, expect, test } from "bun:test";
import {
  ALGORITHMS,
  type Content,
  type DescriptorJson,
  describeManifest,
  freshName,
  makeArtifact,
  makeImage,
  makeIndex,
  type ManifestContent,
  missingDigest,
  TYPE,
} from "./content-factory.ts";
import { expectError } from "./expect-error.ts";
import { manifestUrl, pushImage, pushManifest, send } from "./registry-client.ts";
import { registryUnderTest } from "./registry-under-test.ts";

const [SBOM, SIGNATURE] = ["application/vnd.example.sbom", "application/vnd.example.signature"];

const registry = registryUnderTest();

type Referrers = { readonly filters: string | null; readonly manifests: DescriptorJson[] };

/** The answer's list, after a look at its form. */
async function referrersOf(name: string, digest: string, artifactType?: string): Promise<Referrers> {
  const query = artifactType === undefined ? "" : `?artifactType=${encodeURIComponent(artifactType)}`;
  const reply = await send("GET", `${registry.url}/v2/${name}/referrers/${digest}${query}`);
  expect(reply.status, reply.text).toBe(200);
  expect(reply.headers.get("content-type")).toBe(TYPE.index);
  const body = JSON.parse(reply.text) as { schemaVersion: number; mediaType: string; manifests: DescriptorJson[] };
  expect(body.schemaVersion).toBe(2);
  expect(body.mediaType).toBe(TYPE.index);
  expect(body.manifests).toBeArray();
  return { filters: reply.headers.get("oci-filters-applied"), manifests: body.manifests };
}

function digestsOf(referrers: Referrers): string[] {
  return referrers.manifests.map((descriptor) => descriptor.digest).sort();
}

function sortedDigests(...contents: readonly Content[]): string[] {
  return contents.map((content) => content.digest).sort();
}

/** Pushes an artifact that refers to `subject`. */
async function attach(name: string, subject: ManifestContent, artifactType: string): Promise<ManifestContent> {
  const artifact = makeArtifact(artifactType, { subject: describeManifest(subject) });
  await pushImage(registry.url, name, artifact);
  return artifact.manifest;
}

describe("referrers", () => {
  test.each(ALGORITHMS)("of a repository that does not exist are an empty index, by %s", async (algorithm) => {
    expect((await referrersOf(freshName(), missingDigest(algorithm))).manifests).toEqual([]);
  });

  test("of a manifest that nobody refers to are an empty index", async () => {
    const name = freshName();
    const image = makeImage();
    await pushImage(registry.url, name, image);
    expect((await referrersOf(name, image.manifest.digest)).manifests).toEqual([]);
  });

  test("are described by digest, type, size, artifactType and annotations", async () => {
    const name = freshName();
    const subject = makeImage();
    await pushImage(registry.url, name, subject);
    const annotations = { "org.example.note": "héllo", other: "" };
    const sbom = makeArtifact(SBOM, { subject: describeManifest(subject.manifest), annotations });
    await pushImage(registry.url, name, sbom);
    const { manifests, filters } = await referrersOf(name, subject.manifest.digest);
    expect(manifests).toEqual([describeManifest(sbom.manifest, { artifactType: SBOM, annotations })]);
    expect(filters).toBeNull();
  });

  test("that are images without an artifactType have their config's media type", async () => {
    const name = freshName();
    const subject = makeImage();
    const image = makeImage({ subject: describeManifest(subject.manifest) });
    await pushImage(registry.url, name, image);
    const [descriptor] = (await referrersOf(name, subject.manifest.digest)).manifests;
    expect(descriptor).toMatchObject(describeManifest(image.manifest, { artifactType: TYPE.config }));
  });

  test("that are indexes are listed, with their artifactType if they have one", async () => {
    const name = freshName();
    const subject = makeIndex([], { annotations: { nonce: missingDigest() } });
    await pushManifest(registry.url, name, subject);
    const plain = makeIndex([], { subject: describeManifest(subject) });
    const typed = makeIndex([], { subject: describeManifest(subject), artifactType: SBOM });
    for (const index of [plain, typed]) await pushManifest(registry.url, name, index);
    const { manifests } = await referrersOf(name, subject.digest);
    expect(manifests.find(({ digest }) => digest === typed.digest)).toMatchObject({
      ...describeManifest(typed),
      artifactType: SBOM,
    });
    const listed = manifests.find(({ digest }) => digest === plain.digest);
    expect(listed).toMatchObject(describeManifest(plain));
    expect(listed?.["artifactType"] ?? "").toBe("");
  });

  test("can be pushed before their subject, and stay listed when it comes and goes", async () => {
    const name = freshName();
    const subject = makeImage();
    const sbom = await attach(name, subject.manifest, SBOM);
    expect(digestsOf(await referrersOf(name, subject.manifest.digest))).toEqual([sbom.digest]);
    await pushImage(registry.url, name, subject);
    expect(digestsOf(await referrersOf(name, subject.manifest.digest))).toEqual([sbom.digest]);
    await send("DELETE", manifestUrl(registry.url, name, subject.manifest.digest));
    expect(digestsOf(await referrersOf(name, subject.manifest.digest))).toEqual([sbom.digest]);
  });

  test("of a subject known by sha512 are found by it", async () => {
    const name = freshName();
    const subject = makeImage({}, "sha512");
    await pushImage(registry.url, name, subject);
    const sbom = await attach(name, subject.manifest, SBOM);
    expect(digestsOf(await referrersOf(name, subject.manifest.digest))).toEqual([sbom.digest]);
  });

  test("are those of the asked repository alone", async () => {
    const [name, other] = [freshName(), freshName()];
    const subject = makeImage();
    const sbom = await attach(name, subject.manifest, SBOM);
    await attach(other, subject.manifest, SIGNATURE);
    expect(digestsOf(await referrersOf(name, subject.manifest.digest))).toEqual([sbom.digest]);
  });

  test("go from the list when they are deleted", async () => {
    const name = freshName();
    const subject = makeImage();
    const [sbom, signature] = [
      await attach(name, subject.manifest, SBOM),
      await attach(name, subject.manifest, SIGNATURE),
    ];
    expect(digestsOf(await referrersOf(name, subject.manifest.digest))).toEqual(sortedDigests(sbom, signature));
    expect((await send("DELETE", manifestUrl(registry.url, name, sbom.digest))).status).toBe(202);
    expect(digestsOf(await referrersOf(name, subject.manifest.digest))).toEqual([signature.digest]);
  });

  test("of what is no digest are 400 DIGEST_INVALID", async () => {
    const reply = await send("GET", `${registry.url}/v2/${freshName()}/referrers/sha256:short`);
    expectError(reply, 400, "DIGEST_INVALID");
  });
});

describe("the filter by artifactType", () => {
  test("leaves those of that type, and says that it was applied", async () => {
    const name = freshName();
    const subject = makeImage();
    const sboms = [await attach(name, subject.manifest, SBOM), await attach(name, subject.manifest, SBOM)];
    await attach(name, subject.manifest, SIGNATURE);
    const filtered = await referrersOf(name, subject.manifest.digest, SBOM);
    expect(filtered.filters).toBe("artifactType");
    expect(digestsOf(filtered)).toEqual(sortedDigests(...sboms));
  });

  test("finds images by their config's media type", async () => {
    const name = freshName();
    const subject = makeImage();
    const image = makeImage({ subject: describeManifest(subject.manifest) });
    await pushImage(registry.url, name, image);
    await attach(name, subject.manifest, SBOM);
    const filtered = await referrersOf(name, subject.manifest.digest, TYPE.config);
    expect(digestsOf(filtered)).toEqual([image.manifest.digest]);
  });

  test("that nothing passes gives an empty index and says that it was applied", async () => {
    const name = freshName();
    const subject = makeImage();
    await attach(name, subject.manifest, SBOM);
    const filtered = await referrersOf(name, subject.manifest.digest, "application/vnd.example.none+json");
    expect(filtered.manifests).toEqual([]);
    expect(filtered.filters).toBe("artifactType");
  });
});

/** Source: distribution-spec v1.1.1, "Referrers Tag Schema": 64 characters of the hash at most. */
function fallbackTagOf(digest: string): string {
  const [algorithm = "", hex = ""] = digest.split(":");
  return `${algorithm}-${hex.slice(0, 64)}`;
}

describe("a fallback tag of older clients", () => {
  test.each(ALGORITHMS)("counts as well, and no referrer is listed twice, by %s", async (algorithm) => {
    const name = freshName();
    const subject = makeImage({}, algorithm);
    await pushImage(registry.url, name, subject);
    const known = await attach(name, subject.manifest, SBOM);
    // What only the list of an older client knows: a manifest without a subject of its own.
    const signature = makeArtifact(SIGNATURE);
    await pushImage(registry.url, name, signature);
    const list = makeIndex([
      describeManifest(known, { artifactType: SBOM }),
      describeManifest(signature.manifest, { artifactType: SIGNATURE, annotations: { by: "tag" } }),
    ]);
    await pushManifest(registry.url, name, list, fallbackTagOf(subject.manifest.digest));
    const all = await referrersOf(name, subject.manifest.digest);
    expect(digestsOf(all)).toEqual(sortedDigests(known, signature.manifest));
    const filtered = await referrersOf(name, subject.manifest.digest, SIGNATURE);
    expect(filtered.manifests).toEqual([
      describeManifest(signature.manifest, { artifactType: SIGNATURE, annotations: { by: "tag" } }),
    ]);
  });
});
