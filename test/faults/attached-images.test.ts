/** Signatures and the like under tags of cosign's, and what an upstream that fails over them costs. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import {
  describeManifest,
  type Image,
  type ManifestContent,
  makeArtifact,
  makeImage,
  makeIndex,
} from "../conformance/content-factory.ts";
import { send } from "../conformance/registry-client.ts";
import { runLarder } from "../command-line/run-larder.ts";
import { HOST, PATH, PullThrough } from "./pull-through.ts";

let lab: PullThrough;
beforeAll(async () => {
  lab = await PullThrough.start();
});
afterEach(() => lab.upstream.behave());
afterAll(() => lab.stop());

const larder = (...argv: string[]) => runLarder(new URL(lab.larder.url).host, argv);
const tagOf = ({ digest }: { digest: string }, suffix = "") => digest.replace(":", "-") + suffix;

/** An image for two platforms at upstream, and something attached to the index and to each of them. */
function addSigned(tag: string, suffixes: readonly string[]) {
  const children = ["amd64", "arm64"].map((architecture) => ({ architecture, image: makeImage() }));
  const entries = children.map(({ architecture, image }) =>
    describeManifest(image.manifest, { platform: { os: "linux", architecture } }),
  );
  const index = makeIndex(entries);
  for (const { image } of children) lab.upstream.addImage(image);
  lab.upstream.tag(tag, index);
  const [amd64, arm64] = children.map(({ image }) => image.manifest) as [ManifestContent, ManifestContent];
  const attached = new Map<string, Image>();
  for (const subject of [index, amd64, arm64]) {
    for (const suffix of suffixes) {
      const image = makeImage();
      lab.upstream.addImage(image, tagOf(subject, suffix));
      attached.set(tagOf(subject, suffix), image);
    }
  }
  return { index, amd64, arm64, attached };
}

/** Is it here, with its blobs? Larder has to be offline. */
async function isServed(tag: string, image: Image): Promise<boolean> {
  const { status, bytes } = await lab.manifest(tag);
  if (status !== 200 || !Buffer.from(bytes).equals(image.manifest.bytes)) return false;
  for (const { digest } of image.blobs) if ((await send("GET", lab.blobUrl(digest))).status !== 200) return false;
  return true;
}

describe("what is under tags of cosign's", () => {
  test("comes along with `cache`, of the index and of each platform that is brought, and answers offline", async () => {
    const { arm64, attached } = addSigned("signed", [".sig", ".att", ".sbom"]);
    expect(await larder("cache", "--platform", "linux/amd64", `${HOST}/${PATH}:signed`)).toMatchObject({ status: 0 });
    await larder("offline", "on");
    for (const [tag, image] of attached) {
      expect([tag, await isServed(tag, image)]).toEqual([tag, !tag.startsWith(tagOf(arm64))]);
    }
    await larder("offline", "off");
    await larder("cache", "--all-platforms", `${HOST}/${PATH}:signed`);
    await larder("offline", "on");
    for (const [tag, image] of attached) expect([tag, await isServed(tag, image)]).toEqual([tag, true]);
    await larder("offline", "off");
  });

  test("is asked for by one question a tag, and by HEAD where there is nothing", async () => {
    const image = lab.addImage("bare");
    const before = lab.upstream.requests.length;
    expect(await larder("cache", `${HOST}/${PATH}:bare`)).toMatchObject({ status: 0 });
    const asked = lab.upstream.requests.slice(before).filter(({ reference }) => reference.startsWith("sha256-"));
    const seen = asked.map(({ method, reference }) => `${method} ${reference}`).sort();
    const tags = ["", ".att", ".sbom", ".sig"].map((suffix) => tagOf(image.manifest, suffix));
    expect(seen).toEqual(tags.map((tag) => `HEAD ${tag}`));
    // Absence is remembered for a while.
    await larder("cache", `${HOST}/${PATH}:bare`);
    const again = lab.upstream.requests.filter(({ reference }) => reference.startsWith(tagOf(image.manifest)));
    expect(again.length).toBe(tags.length);
  });

  test("may itself be signed: an SBOM", async () => {
    const image = lab.addImage("with-sbom");
    const [sbom, signature] = [makeImage(), makeImage()];
    lab.upstream.addImage(sbom, tagOf(image.manifest, ".sbom"));
    lab.upstream.addImage(signature, tagOf(sbom.manifest, ".sig"));
    await larder("cache", `${HOST}/${PATH}:with-sbom`);
    await larder("offline", "on");
    expect(await isServed(tagOf(sbom.manifest, ".sig"), signature)).toBe(true);
    await larder("offline", "off");
  });

  test("and under referrers tags comes, whether its manifests name their subject or not", async () => {
    const image = lab.addImage("listed");
    const [named, nameless] = [
      makeArtifact("application/vnd.example", { subject: describeManifest(image.manifest) }),
      makeArtifact("application/vnd.example"),
    ];
    for (const one of [named, nameless]) lab.upstream.addImage(one);
    lab.upstream.hasReferrersApi = false;
    lab.upstream.refer(
      image.manifest.digest,
      makeIndex([named, nameless].map((one) => describeManifest(one.manifest))),
    );
    await larder("cache", `${HOST}/${PATH}:listed`);
    lab.upstream.hasReferrersApi = true;
    await larder("offline", "on");
    expect((await lab.manifest(tagOf(image.manifest))).status).toBe(200);
    for (const one of [named, nameless]) expect(await isServed(one.manifest.digest, one)).toBe(true);
    await larder("offline", "off");
  });

  test.each([401, 403, 404, 429])("that upstream answers with %d for is nothing to speak of", async (status) => {
    const image = lab.addImage(`quiet-${status}`);
    for (const suffix of ["", ".sig", ".att", ".sbom"]) {
      lab.upstream.misbehave({ reference: tagOf(image.manifest, suffix) }, { kind: "status", status });
    }
    const { status: ended, errors } = await larder("cache", `${HOST}/${PATH}:quiet-${status}`);
    expect([ended, errors]).toEqual([0, expect.not.stringContaining("signatures")]);
  });

  test.each([
    ["breaks off", { kind: "drop" } as const],
    ["answers with 500", { kind: "status", status: 500 } as const],
  ])("that upstream %s over is a warning, and the image is there", async (_, fault) => {
    const image = lab.addImage("loud");
    for (const method of ["HEAD", "GET"]) {
      lab.upstream.misbehave({ method, reference: tagOf(image.manifest, ".sig") }, fault);
    }
    const { status, output, errors } = await larder("cache", `${HOST}/${PATH}:loud`);
    expect(status).toBe(0);
    expect(output).toContain(image.manifest.digest);
    expect(errors).toContain(`larder: ${HOST}/${PATH}:loud: signatures and the like may be missing: `);
    for (const { digest } of image.blobs) expect((await send("HEAD", lab.blobUrl(digest))).status).toBe(200);
  });

  test("is brought though HEAD is refused", async () => {
    const image = lab.addImage("no-head");
    const signature = makeImage();
    lab.upstream.addImage(signature, tagOf(image.manifest, ".sig"));
    lab.upstream.misbehave({ method: "HEAD", kind: "manifest" }, { kind: "status", status: 405 });
    await larder("cache", `${HOST}/${PATH}:no-head`);
    lab.upstream.behave();
    await larder("offline", "on");
    expect(await isServed(tagOf(image.manifest, ".sig"), signature)).toBe(true);
    await larder("offline", "off");
  });

  test("and gets no answer does not keep other images of that registry from coming", async () => {
    const image = lab.addImage("silent");
    lab.addImage("other");
    for (const suffix of ["", ".sig", ".att", ".sbom"]) {
      lab.upstream.misbehave({ reference: tagOf(image.manifest, suffix) }, { kind: "hang" });
    }
    const { status, errors } = await larder("cache", `${HOST}/${PATH}:silent`);
    expect([status, errors]).toEqual([0, expect.stringContaining("signatures and the like may be missing: ")]);
    expect((await lab.manifest("other")).status).toBe(200);
    lab.upstream.behave();
  });

  test("and lacks a blob at upstream is a warning", async () => {
    const image = lab.addImage("torn");
    const signature = makeImage();
    lab.upstream.addImage(signature, tagOf(image.manifest, ".sig"));
    lab.upstream.misbehave({ reference: signature.blobs[1]?.digest ?? "" }, { kind: "status", status: 500 });
    const { status, errors } = await larder("cache", `${HOST}/${PATH}:torn`);
    expect([status, errors]).toEqual([0, expect.stringContaining("signatures and the like may be missing")]);
  });
});
