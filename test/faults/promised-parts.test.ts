/**
 * Clients ask by HEAD for the parts of what they push, and leave out what is there: whatever HEAD has promised, from
 * another repository or from upstream, is in the repository once the manifest has been taken.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Content,
  descriptorOf,
  describeManifest,
  freshName,
  type Image,
  makeArtifact,
  makeBlob,
  makeImage,
  makeIndex,
  type ManifestContent,
  missingDigest,
  TYPE,
} from "../conformance/content-factory.ts";
import { expectError } from "../conformance/expect-error.ts";
import { manifestUrl, pushBlob, pushImage, pushManifest, putManifest, send } from "../conformance/registry-client.ts";
import { HOST, PullThrough } from "./pull-through.ts";
import { until } from "../until.ts";

let lab: PullThrough;
beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-test-"));
  await writeFile(join(folder, "larder.yaml"), `unqualified: [${HOST}]\n`);
  lab = await PullThrough.start({ arguments: ["--config", join(folder, "larder.yaml"), "--stand-in", "quay.io"] });
  await rm(folder, { recursive: true });
});
afterEach(() => lab.upstream.behave());
afterAll(() => lab.stop());

const UNKNOWN = { os: "unknown", architecture: "unknown" };

/** Two platforms and an attestation. */
function makeMulti(): { index: ManifestContent; images: readonly Image[] } {
  const images = [makeImage(), makeImage(), makeArtifact("application/vnd.in-toto+json")];
  const platforms = [{ os: "linux", architecture: "amd64" }, { os: "linux", architecture: "arm64" }, UNKNOWN];
  const index = makeIndex(
    images.map(({ manifest }, at) => describeManifest(manifest, { platform: platforms[at] })),
    { annotations: { nonce: missingDigest() } },
  );
  return { index, images };
}

async function post(path: string, body: unknown): Promise<unknown> {
  const headers = { "Content-Type": "application/json" };
  const reply = await send("POST", `${lab.larder.url}/api/v1/${path}`, { headers, body: JSON.stringify(body) });
  expect(reply.status, reply.text).toBe(200);
  return JSON.parse(reply.text);
}

async function remove(image: string): Promise<void> {
  const reply = await send("DELETE", `${lab.larder.url}/api/v1/images/${image}`);
  expect(reply.status, reply.text).toBe(200);
}

/** HEAD says that all of it is there, as clients ask before they leave it out. */
async function expectPromised(name: string, images: readonly Image[]): Promise<void> {
  for (const { manifest } of images) {
    expect((await send("HEAD", manifestUrl(lab.larder.url, name, manifest.digest))).status).toBe(200);
  }
}

/** With its sources gone and upstream silent, the copy is whole. */
async function expectWhole(name: string, manifests: readonly ManifestContent[], blobs: readonly Content[]) {
  lab.upstream.misbehave({}, { kind: "drop" });
  await post("collections", { graceMs: 0 });
  for (const { digest, bytes } of manifests) {
    expect((await send("GET", manifestUrl(lab.larder.url, name, digest))).bytes).toEqual(bytes);
  }
  for (const { digest, bytes } of blobs) {
    expect((await send("GET", `${lab.larder.url}/v2/${name}/blobs/${digest}`)).bytes).toEqual(bytes);
  }
}

const blobsOf = (images: readonly Image[]) => images.flatMap(({ blobs }) => blobs);
const manifestsOf = (images: readonly Image[]) => images.map(({ manifest }) => manifest);

describe("an index whose images HEAD has promised", () => {
  test("out of another namespace is whole when that one is removed", async () => {
    const name = freshName();
    const { index, images } = makeMulti();
    for (const image of images) await pushImage(lab.larder.url, `quay.io/${name}`, image);
    await pushManifest(lab.larder.url, `quay.io/${name}`, index, "1");
    await expectPromised(name, images);
    await pushManifest(lab.larder.url, name, index, "1");
    await remove(`quay.io/${name}:1`);
    expect(await post("checks", { images: [{ image: `local/${name}:1`, platforms: "all" }] })).toMatchObject({
      images: [{ state: "whole" }],
    });
    await expectWhole(name, [index, ...manifestsOf(images)], blobsOf(images));
    expect((await send("GET", manifestUrl(lab.larder.url, `quay.io/${name}`, "1"))).status).not.toBe(502);
  });

  test("out of local is whole under a registry's name", async () => {
    const path = freshName();
    const { index, images } = makeMulti();
    for (const image of images) await pushImage(lab.larder.url, path, image);
    await pushManifest(lab.larder.url, path, index, "1");
    await expectPromised(`quay.io/${path}`, images);
    await pushManifest(lab.larder.url, `quay.io/${path}`, index, "1");
    await remove(`local/${path}:1`);
    await expectWhole(`quay.io/${path}`, [index, ...manifestsOf(images)], blobsOf(images));
  });

  test.each(["of which nothing was pulled", "of which manifests were pulled"])(
    "out of upstream, %s, is fetched before it is taken",
    async (which) => {
      const name = freshName();
      const { index, images } = makeMulti();
      for (const image of images) lab.upstream.addImage(image);
      if (which.includes("manifests were")) await expectPromised(name, images);
      lab.upstream.requests.length = 0;
      await pushManifest(lab.larder.url, name, index, "1");
      for (const { digest } of blobsOf(images)) expect(lab.upstream.count({ reference: digest })).toBeLessThan(2);
      await remove(`${HOST}/${name}@${images[0]?.manifest.digest}`);
      await expectWhole(name, [index, ...manifestsOf(images)], blobsOf(images));
    },
  );

  test("several levels below it is whole, too", async () => {
    const name = freshName();
    const { index, images } = makeMulti();
    for (const image of images) lab.upstream.addImage(image);
    lab.upstream.add(index);
    const outer = makeIndex([describeManifest(index), describeManifest(images[0]?.manifest ?? index)]);
    await pushManifest(lab.larder.url, name, outer, "1");
    await expectWhole(name, [outer, index, ...manifestsOf(images)], blobsOf(images));
  });

  test("by many at once, while a collection runs, is fetched once and taken by all", async () => {
    const names = Array.from({ length: 4 }, () => freshName());
    const { index, images } = makeMulti();
    for (const image of images) lab.upstream.addImage(image);
    await Promise.all([
      ...names.flatMap((name) => [
        pushManifest(lab.larder.url, name, index, "1"),
        pushManifest(lab.larder.url, name, index),
      ]),
      post("collections", { graceMs: 0 }),
    ]);
    for (const name of names) await expectWhole(name, [index, ...manifestsOf(images)], blobsOf(images));
  });
});

describe("an index that lists what is no manifest, as build caches do", () => {
  const cacheOf = (...blobs: readonly Content[]) =>
    makeIndex([
      ...blobs.slice(1).map((blob) => descriptorOf(blob, TYPE.layer)),
      ...blobs.slice(0, 1).map((blob) => descriptorOf(blob, "application/vnd.buildkit.cacheconfig.v0")),
    ]);

  test("is taken with its blobs, and they are kept", async () => {
    const name = freshName();
    const blobs = [makeBlob(), makeBlob()];
    for (const blob of blobs) await pushBlob(lab.larder.url, name, blob);
    const cache = cacheOf(...blobs);
    await pushManifest(lab.larder.url, name, cache, "cache");
    await expectWhole(name, [cache], blobs);
  });

  test("is refused when one of them is nowhere", async () => {
    const name = freshName();
    const [here, nowhere] = [makeBlob(), makeBlob()];
    await pushBlob(lab.larder.url, name, here);
    const reply = await putManifest(lab.larder.url, name, cacheOf(here, nowhere), "cache");
    expect(JSON.stringify(expectError(reply, 400, "MANIFEST_BLOB_UNKNOWN"))).toContain(nowhere.digest);
  });
});

describe("an index whose images are not to be had", () => {
  test("is refused naming each that is nowhere, and the others are no images of the repository for long", async () => {
    const name = freshName();
    const { index, images } = makeMulti();
    const [here, ...nowhere] = images;
    if (here === undefined) throw new Error("there are three");
    lab.upstream.addImage(here);
    const text = JSON.stringify(
      expectError(await putManifest(lab.larder.url, name, index, "1"), 400, "MANIFEST_BLOB_UNKNOWN"),
    );
    for (const { manifest } of nowhere) expect(text).toContain(manifest.digest);
    expect(text).not.toContain(here.manifest.digest);
    expect((await send("GET", manifestUrl(lab.larder.url, name, "1"))).status).toBe(404);
    await post("collections", { graceMs: 0 });
    const { repositories } = JSON.parse((await send("GET", `${lab.larder.url}/v2/_catalog`)).text) as {
      repositories: string[];
    };
    expect(repositories).not.toContain(`local/${name}`);
  });

  test("is refused naming the layer that upstream lacks", async () => {
    const name = freshName();
    const { index, images } = makeMulti();
    for (const image of images) lab.upstream.addImage(image);
    const lacking = images[1]?.blobs[1]?.digest ?? "";
    lab.upstream.remove(lacking);
    const reply = await putManifest(lab.larder.url, name, index, "1");
    expect(JSON.stringify(expectError(reply, 400, "MANIFEST_BLOB_UNKNOWN"))).toContain(lacking);
  });

  test.each([
    [502, "manifest", { kind: "drop" }],
    [502, "blob", { kind: "status", status: 503 }],
    [429, "blob", { kind: "status", status: 429 }],
    [502, "blob", { kind: "wrong bytes" }],
  ] as const)(
    "now is refused by %d, with upstream's reason, when the %s's answer is %p",
    async (status, kind, fault) => {
      const name = freshName();
      const { index, images } = makeMulti();
      for (const image of images) lab.upstream.addImage(image);
      if (kind === "blob") await expectPromised(name, images);
      lab.upstream.misbehave({ kind }, fault);
      const reply = await putManifest(lab.larder.url, name, index, "1");
      expect(reply.status, reply.text).toBe(status);
      expect(reply.text).toContain("could not be fetched");
      expect(reply.text.includes(HOST) || reply.text.includes(lab.upstream.url)).toBe(true);
      expect(reply.text).toMatch(/sha256:[0-9a-f]{64}/);
      expect((await send("GET", manifestUrl(lab.larder.url, name, "1"))).status).not.toBe(200);
      lab.upstream.behave();
      await until(
        "upstream is asked again",
        async () => (await putManifest(lab.larder.url, name, index, "1")).status === 201,
        30_000,
      );
      await expectWhole(name, [index, ...manifestsOf(images)], blobsOf(images));
    },
  );

  test("because larder is offline is refused, naming the layers", async () => {
    const name = freshName();
    const { index, images } = makeMulti();
    for (const image of images) lab.upstream.addImage(image);
    await expectPromised(name, images);
    const offline = (on: boolean) =>
      send("PUT", `${lab.larder.url}/api/v1/settings/offline`, {
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ offline: on }),
      });
    await offline(true);
    const reply = await putManifest(lab.larder.url, name, index, "1").finally(() => offline(false));
    const text = JSON.stringify(expectError(reply, 400, "MANIFEST_BLOB_UNKNOWN"));
    for (const { digest } of blobsOf(images.slice(0, 2))) expect(text).toContain(digest);
    await pushManifest(lab.larder.url, name, index, "1");
  });
});

describe("a HEAD of a tag, by which some clients find that they need not push", () => {
  const everyType = [TYPE.dockerManifest, TYPE.dockerList, TYPE.manifest, TYPE.index, "*/*"].join(", ");
  const clients: Readonly<Record<string, Record<string, string>>> = {
    crane: { "User-Agent": "crane/v0.22.1 go-containerregistry/v0.22.1", Accept: everyType },
    "containerd that pushes": { "User-Agent": "containerd/v2.4.2", Accept: `${TYPE.manifest}, */*` },
    "containerd that pulls": { "User-Agent": "containerd/v2.4.2", Accept: everyType },
    regctl: { "User-Agent": "regclient/regctl (v0.11.7)", Accept: everyType },
    curl: { "User-Agent": "curl/8" },
  };
  const head = async (name: string, client: string) => {
    const url = manifestUrl(lab.larder.url, name, "asked");
    return (await send("HEAD", url, { headers: clients[client] ?? {} })).status;
  };

  test.each([
    ["crane", 404, 404, 404],
    ["containerd that pushes", 404, 404, 404],
    ["regctl", 404, 200, 200],
    ["containerd that pulls", 200, 200, 200],
    ["curl", 200, 200, 200],
  ])(
    "by %s, is answered %d from elsewhere, %d from upstream, and %d from the cache",
    async (client, elsewhere, upstream, cache) => {
      const [name, other] = [freshName(), freshName()];
      const image = makeImage();
      await pushImage(lab.larder.url, `quay.io/${other}`, image, "asked");
      expect(await head(other, client)).toBe(elsewhere);
      lab.upstream.addImage(makeImage(), "asked");
      expect(await head(`${HOST}/${name}`, client)).toBe(upstream);
      expect(await head(`${HOST}/${name}`, client)).toBe(cache);
      await pushImage(lab.larder.url, `${HOST}/${name}`, image, "asked");
      expect(await head(`${HOST}/${name}`, client)).toBe(200);
      expect(
        (await send("GET", manifestUrl(lab.larder.url, other, "asked"), { headers: clients[client] ?? {} })).status,
      ).toBe(200);
    },
  );
});

test("what a client began by a push goes on when it leaves", async () => {
  const name = freshName();
  const { index, images } = makeMulti();
  for (const image of images) lab.upstream.addImage(image);
  const slow = images[2]?.blobs[1]?.digest ?? "";
  lab.upstream.misbehave({ reference: slow, method: "GET" }, { kind: "hang" }, 1);
  const leaving = new AbortController();
  const push = fetch(manifestUrl(lab.larder.url, name, "1"), {
    method: "PUT",
    headers: { "Content-Type": index.mediaType },
    body: index.bytes,
    signal: leaving.signal,
  }).catch(() => null);
  await until("the layer is asked for", () => lab.upstream.count({ reference: slow }) > 0);
  leaving.abort();
  await push;
  lab.upstream.release();
  await until(
    "the index is there",
    async () => (await send("HEAD", manifestUrl(lab.larder.url, name, index.digest))).status === 200,
  );
  await expectWhole(name, [index, ...manifestsOf(images)], blobsOf(images));
});

test("an image pushed to the repository that it was pulled through keeps its layers when the cached tag goes", async () => {
  const path = freshName();
  const image = makeImage();
  lab.upstream.addImage(image, "theirs");
  expect((await send("GET", manifestUrl(lab.larder.url, `${HOST}/${path}`, "theirs"))).status).toBe(200);
  await pushManifest(lab.larder.url, `${HOST}/${path}`, image.manifest, "mine");
  await remove(`${HOST}/${path}:theirs`);
  await expectWhole(`${HOST}/${path}`, [image.manifest], image.blobs);
});
