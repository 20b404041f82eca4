import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { describeManifest, makeArtifact, makeImage, makeIndex } from "../conformance/content-factory.ts";
import { send, withQuery } from "../conformance/registry-client.ts";
import { HOST, PATH, PullThrough } from "./pull-through.ts";

let lab: PullThrough;
beforeAll(async () => {
  lab = await PullThrough.start();
});
afterEach(() => {
  lab.upstream.behave();
  lab.upstream.hasReferrersApi = true;
});
afterAll(() => lab.stop());

test("an index is kept whole, and of its children those that were asked for", async () => {
  const children = ["amd64", "arm64", "s390x"].map((architecture) => ({ architecture, image: makeImage() }));
  const index = makeIndex(
    children.map(({ architecture, image }) =>
      describeManifest(image.manifest, { platform: { os: "linux", architecture } }),
    ),
  );
  for (const { image } of children) lab.upstream.addImage(image);
  lab.upstream.tag("multi", index);
  const wanted = children[1]?.image ?? makeImage();
  expect((await lab.manifest("multi")).bytes).toEqual(index.bytes);
  expect((await lab.manifest(wanted.manifest.digest)).bytes).toEqual(wanted.manifest.bytes);
  for (const { digest, bytes } of wanted.blobs) {
    expect((await send("GET", lab.blobUrl(digest))).bytes).toEqual(bytes);
  }
  const asked = lab.upstream.requests.map(({ reference }) => reference);
  expect(asked).toEqual(["multi", wanted.manifest.digest, ...wanted.blobs.map(({ digest }) => digest)]);
});

describe("what refers to an image", () => {
  test.each(["by the referrers API", "under a fallback tag"])("is found %s, and kept", async (way) => {
    lab.upstream.hasReferrersApi = way === "by the referrers API";
    const { manifest } = lab.addImage("signed");
    await lab.manifest("signed");
    const signature = makeArtifact("application/vnd.example.signature", { subject: describeManifest(manifest) });
    const sbom = makeArtifact("application/vnd.example.sbom", { subject: describeManifest(manifest) });
    for (const artifact of [signature, sbom]) lab.upstream.addImage(artifact);
    const entries = [signature, sbom].map(({ manifest }) => describeManifest(manifest));
    lab.upstream.refer(manifest.digest, makeIndex(entries));

    const list = async (artifactType?: string) => {
      const url = withQuery(`${lab.larder.url}/v2/${PATH}/referrers/${manifest.digest}`, "ns", HOST);
      const reply = await send("GET", artifactType === undefined ? url : withQuery(url, "artifactType", artifactType));
      expect(reply.status).toBe(200);
      return (JSON.parse(reply.text) as { manifests: { digest: string }[] }).manifests.map(({ digest }) => digest);
    };
    const both = [signature.manifest.digest, sbom.manifest.digest].sort();
    expect((await list()).sort()).toEqual(both);
    expect(await list("application/vnd.example.sbom")).toEqual([sbom.manifest.digest]);

    lab.upstream.misbehave({}, { kind: "drop" });
    await lab.restart();
    expect((await list()).sort()).toEqual(both);
    expect((await lab.manifest(signature.manifest.digest)).bytes).toEqual(signature.manifest.bytes);
  });

  test("is asked for once by many at once, and not again at once", async () => {
    const { manifest } = lab.addImage("unsigned");
    await lab.manifest("unsigned");
    const url = withQuery(`${lab.larder.url}/v2/${PATH}/referrers/${manifest.digest}`, "ns", HOST);
    const replies = await Promise.all(Array.from({ length: 20 }, () => send("GET", url)));
    for (const { status, text } of replies) {
      expect(status).toBe(200);
      expect(JSON.parse(text)).toMatchObject({ manifests: [] });
    }
    expect((await send("GET", url)).status).toBe(200);
    expect(lab.upstream.count({ kind: "referrers", reference: manifest.digest })).toBe(1);
  });
});
