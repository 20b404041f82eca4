import { expect, test } from "bun:test";
import { Turns } from "../../lib/async/turns.ts";
import { type Digest, digestOf } from "../../oci/digest.ts";
import { MEDIA_TYPE } from "../../oci/media-type.ts";
import { type Namespace, parseRepositoryPath } from "../../oci/repository-name.ts";
import { parseTag } from "../../oci/tag.ts";
import { nameOf } from "../../oci/repository.ts";
import { memoryMetadata } from "../../storage/memory/metadata-memory.ts";
import type { ManifestOrigin } from "../pull/origin.ts";
import { Referrers } from "./referrers.ts";

const repository = { namespace: "local" as Namespace, path: parseRepositoryPath("app") };
const order = { unqualified: [], standIns: [], localAnswersForAll: true };
const subject = digestOf("subject");
const NOBODY = { via: null };
const origin: ManifestOrigin = {
  isFresh: () => true,
  tag: async () => null,
  manifest: async () => null,
  signatures: async () => {},
  referrers: async () => {},
};

/** A store with signatures, SBOMs, and a fallback tag that lists some of them and others. */
async function lab(page: number) {
  const metadata = memoryMetadata();
  const keep = (document: object, tags: readonly string[], refersTo: Digest | null) => {
    const bytes = new TextEncoder().encode(JSON.stringify({ schemaVersion: 2, ...document }));
    const mediaType = "manifests" in document ? MEDIA_TYPE.ociIndex : MEDIA_TYPE.ociManifest;
    const manifest = { digest: digestOf(bytes), mediaType, bytes };
    const none = { requiredBlobs: [], borrowFrom: [], requiredManifests: [], references: [], isPart: false } as const;
    const put = { manifest, ...none, subject: refersTo, tags: tags.map(parseTag), kind: "pushed", atMs: 1 } as const;
    return metadata.manifests.putManifest(nameOf(repository), put).then(() => manifest);
  };
  const config = { mediaType: MEDIA_TYPE.ociEmpty, digest: digestOf("{}"), size: 2 };
  const all: Digest[] = [];
  const listed: object[] = [];
  for (let index = 0; index < 25; index++) {
    const artifactType = index % 5 === 0 ? "sbom" : "signature";
    const { digest, bytes } = await keep(
      { config, artifactType, layers: [], annotations: { index: `${index}` } },
      [],
      subject,
    );
    all.push(digest);
    if (index < 3) listed.push({ mediaType: MEDIA_TYPE.ociManifest, digest, size: bytes.byteLength, artifactType });
  }
  for (let index = 0; index < 10; index++) {
    const digest = digestOf(`listed ${index}`);
    all.push(digest);
    listed.push({ mediaType: MEDIA_TYPE.ociManifest, digest, size: 1, artifactType: "signature" });
  }
  await keep({ manifests: listed }, [subject.replace(":", "-")], null);
  return { referrers: new Referrers(metadata, origin, order, new Turns(), page), all: all.sort() };
}

test.each([1, 3, 10, 34, 35, 1000])(
  "in pages of %d, all referrers are told of once, by their digests",
  async (page) => {
    const { referrers, all } = await lab(page);
    const told: Digest[] = [];
    let pages = 0;
    for (let after: Digest | null = null; ; pages++) {
      const { descriptors, next } = await referrers.page(
        repository,
        subject,
        { artifactType: null, after },
        NOBODY,
        null,
      );
      expect(descriptors.length).toBeLessThanOrEqual(page);
      told.push(...descriptors.map(({ digest }) => digest));
      if (next === null) break;
      after = next;
    }
    expect(told).toEqual(all);
    expect(pages).toBeLessThanOrEqual(Math.ceil(all.length / page));
    const inOne: Digest[] = [];
    for await (const { digest } of referrers.list(repository, subject, NOBODY)) inOne.push(digest);
    expect(inOne).toEqual(all);
  },
);

test("those of another type are left out of the pages", async () => {
  const { referrers } = await lab(4);
  const types: (string | undefined)[] = [];
  for (let after: Digest | null = null; ; ) {
    const { descriptors, next } = await referrers.page(
      repository,
      subject,
      { artifactType: "sbom", after },
      NOBODY,
      null,
    );
    types.push(...descriptors.map(({ artifactType }) => artifactType));
    if (next === null) break;
    after = next;
  }
  expect(types).toEqual(Array.from({ length: 5 }, () => "sbom"));
});
