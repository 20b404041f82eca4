/** The commands that have larder fetch, tell what it fetched, and forbid it. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { hostPlatform } from "../../src/oci/platform.ts";
import { describeManifest, type Image, makeArtifact, makeImage, makeIndex } from "../conformance/content-factory.ts";
import { startLarder } from "../conformance/larder-process.ts";
import { send } from "../conformance/registry-client.ts";
import { runLarder } from "./larder-command.ts";
import { MisbehavingUpstream } from "./misbehaving-upstream.ts";
import { HOST, PATH, PullThrough } from "./pull-through.ts";

let lab: PullThrough;
beforeAll(async () => {
  lab = await PullThrough.start({ arguments: ["--tags", "1h"] });
});
afterEach(() => {
  lab.upstream.behave();
  lab.upstream.headers = {};
});
afterAll(() => lab.stop());

const larder = (...argv: string[]) => runLarder(lab.larder.url, ...argv);

/** An image for this machine and one for another, signed, under a tag. */
function addIndex(tag: string) {
  const [mine, foreign] = [makeImage(), makeImage()];
  const { os, architecture } = hostPlatform();
  const index = makeIndex([
    describeManifest(mine.manifest, { platform: { os, architecture } }),
    describeManifest(foreign.manifest, { platform: { os: "linux", architecture: "s390x" } }),
  ]);
  const signature = makeArtifact("application/vnd.example.signature", { subject: describeManifest(index) });
  for (const image of [mine, foreign, signature]) lab.upstream.addImage(image);
  lab.upstream.refer(index.digest, makeIndex([describeManifest(signature.manifest)]));
  lab.upstream.tag(tag, index);
  return { mine, foreign, signature, index };
}

/** How many of an image's manifest and blobs larder gives out while upstream is silent. */
async function countHere({ manifest, blobs }: Image): Promise<number> {
  const urls = [lab.manifestUrl(manifest.digest), ...blobs.map(({ digest }) => lab.blobUrl(digest))];
  lab.upstream.misbehave({}, { kind: "status", status: 404 });
  const replies = await Promise.all(urls.map((url) => send("GET", url)));
  return replies.filter(({ status }) => status === 200).length;
}

describe("larder cache", () => {
  test.each([
    ["this machine's platform", [], 4, 0],
    ["the platform that is asked for", ["--platform", "linux/s390x"], 0, 4],
    ["all platforms", ["--all-platforms"], 4, 4],
  ])("brings %s and the signatures, before anyone pulls", async (name, flags, ofMine, ofForeign) => {
    const tag = `cached-${name.length}`;
    const { mine, foreign, signature, index } = addIndex(tag);
    const { status, output, errors } = await larder("cache", `${HOST}/${PATH}:${tag}`, ...flags);
    expect(status, errors).toBe(0);
    expect(output).toContain(index.digest);
    expect((await lab.manifest(tag)).bytes).toEqual(index.bytes);
    expect(await Promise.all([mine, foreign, signature].map(countHere))).toEqual([ofMine, ofForeign, 3]);
  });

  test("fetches an image once, says when it is there, and looks for a newer one", async () => {
    const image = `${HOST}/${PATH}:twice`;
    lab.addImage("twice");
    const [first] = JSON.parse((await larder("cache", "--json", image)).output) as { fetchedBytes: number }[];
    expect(first?.fetchedBytes).toBeGreaterThan(0);
    const [second] = JSON.parse((await larder("cache", "--json", image)).output) as { fetchedBytes: number }[];
    expect(second?.fetchedBytes).toBe(0);
    const newer = lab.addImage("twice");
    const [third] = JSON.parse((await larder("cache", "--json", image)).output) as { digest: string }[];
    expect(third?.digest).toBe(newer.manifest.digest);
  });

  test("brings what it can of several images, and says what it could not", async () => {
    const good = lab.addImage("good");
    const { status, output, errors } = await larder("cache", `${HOST}/${PATH}:bad`, `${HOST}/${PATH}:good`);
    expect(status).toBe(1);
    expect(output).toContain(good.manifest.digest);
    expect(errors).toContain(`${HOST}/${PATH}:bad`);
    expect(await countHere(good)).toBe(4);
  });

  test("fails when a layer's bytes are wrong, naming the image", async () => {
    const { blobs } = lab.addImage("spoilt");
    lab.upstream.misbehave({ reference: blobs[1]?.digest ?? "" }, { kind: "wrong bytes" });
    const { status, errors } = await larder("cache", `${HOST}/${PATH}:spoilt`);
    expect(status).toBe(1);
    expect(errors).toContain(`${HOST}/${PATH}:spoilt`);
    expect(errors).toContain("digest");
  });

  test("copies from here when larder cannot reach the registry and this machine can", async () => {
    const upstream = await MisbehavingUpstream.start();
    const host = `127.0.0.1:${upstream.port}`;
    const cutOff = await startLarder({ arguments: ["--upstream", `${host}=http://127.0.0.1:9`] });
    try {
      const image = makeImage();
      upstream.addImage(image, "1");
      const { status, output, errors } = await runLarder(cutOff.url, "cache", `${host}/${PATH}:1`);
      expect(status, errors).toBe(0);
      expect(output).toContain(image.manifest.digest);
      const pulled = await send("GET", `${cutOff.url}/v2/${PATH}/manifests/1?ns=${host}`);
      expect(pulled.bytes).toEqual(image.manifest.bytes);
    } finally {
      await cutOff.stop();
      await upstream.stop();
    }
  });
});

describe("larder offline", () => {
  test("forbids contact with upstream while larder runs, and allows it again", async () => {
    const kept = lab.addImage("kept");
    await lab.manifest("kept");
    expect((await larder("offline")).output).toBe("off\n");
    expect((await larder("offline", "on")).output).toBe("on\n");
    const before = lab.upstream.count();
    const other = lab.addImage("other");
    expect((await lab.manifest("kept")).bytes).toEqual(kept.manifest.bytes);
    expect((await lab.manifest("other")).status).toBe(404);
    expect(lab.upstream.count()).toBe(before);
    expect((await larder("stats")).output).toContain("offline");
    expect((await larder("offline", "off")).output).toBe("off\n");
    expect((await lab.manifest("other")).bytes).toEqual(other.manifest.bytes);
  });
});

describe("larder stats", () => {
  test("counts hits, misses and bytes by namespace, and shows the allowance", async () => {
    const counted = await PullThrough.start();
    try {
      counted.upstream.headers = { "ratelimit-limit": "100;w=21600", "ratelimit-remaining": "76;w=21600" };
      const { manifest, blobs } = counted.addImage("counted");
      const pull = async () => {
        await counted.manifest("counted");
        for (const { digest } of blobs) await send("GET", counted.blobUrl(digest));
      };
      const bytes = [manifest, ...blobs].reduce((sum, content) => sum + content.bytes.byteLength, 0);
      for (let round = 0; round < 3; round++) await pull();
      const { output } = await runLarder(counted.larder.url, "stats", "--json");
      const { namespaces } = JSON.parse(output) as { namespaces: Record<string, unknown>[] };
      expect(namespaces.find(({ namespace }) => namespace === HOST)).toMatchObject({
        hits: 8,
        misses: 4,
        bytesFromUpstream: bytes,
        bytesFromDisk: 2 * bytes,
        bytesSaved: 2 * bytes,
        rateLimit: { limit: 100, remaining: 76, windowSeconds: 21_600 },
      });
      expect((await runLarder(counted.larder.url, "stats")).output).toContain("76 of 100 left");
    } finally {
      await counted.stop();
    }
  });
});

test("larder rm of a pushed tag uncovers the cached one", async () => {
  const theirs = lab.addImage("covered");
  await lab.manifest("covered");
  const mine = makeIndex([]);
  const pushed = { headers: { "Content-Type": mine.mediaType }, body: mine.bytes };
  expect((await send("PUT", lab.manifestUrl("covered"), pushed)).status).toBe(201);
  expect((await lab.manifest("covered")).bytes).toEqual(mine.bytes);
  const { status, errors } = await larder("rm", `${HOST}/${PATH}:covered`);
  expect(status, errors).toBe(0);
  expect((await lab.manifest("covered")).bytes).toEqual(theirs.manifest.bytes);
});
