/** Images that need a signature: what of them is served, kept and refused, from upstream, offline and when pushed. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { runLarder } from "../command-line/run-larder.ts";
import {
  contentOf,
  describeManifest,
  descriptorOf,
  type Image,
  makeImage,
  makeIndex,
  makeManifest,
  type ManifestContent,
  TYPE,
} from "../conformance/content-factory.ts";
import { manifestUrl, pushImage, pushManifest, type Reply, send } from "../conformance/registry-client.ts";
import { until } from "../until.ts";
import { HOST, PullThrough } from "./pull-through.ts";

const SIMPLE = "application/vnd.dev.cosign.simplesigning.v1+json";
const FREE = "team/free";
const ours = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
const theirs = generateKeyPairSync("ec", { namedCurve: "prime256v1" });

let lab: PullThrough;
let folder: string;
const pem = ({ publicKey }: { readonly publicKey: KeyObject }) => publicKey.export({ type: "spki", format: "pem" });

function configuration(tags = "always"): string {
  return [
    "require:",
    `  - { pattern: '${HOST}/**', except: '${HOST}/${FREE}', cosignKey: ${join(folder, "ours.pub")} }`,
    `  - { pattern: 'local/signed/**', cosignKey: ${join(folder, "ours.pub")} }`,
    `tags: ${tags}`,
    "",
  ].join("\n");
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-signatures-"));
  await Bun.write(join(folder, "ours.pub"), pem(ours));
  await Bun.write(join(folder, "larder.yaml"), configuration());
  lab = await PullThrough.start({ arguments: ["--config", join(folder, "larder.yaml")] });
});
afterEach(async () => {
  lab.upstream.behave();
  await larder("offline", "off");
});
afterAll(async () => {
  await lab.stop();
  await rm(folder, { recursive: true, force: true });
});

const larder = (...argv: string[]) => runLarder(new URL(lab.larder.url).host, argv);
const signatureTag = ({ digest }: { readonly digest: string }) => `${digest.replace(":", "-")}.sig`;
const messageOf = ({ bytes }: Reply): string => new TextDecoder().decode(bytes);

/** A manifest of cosign's with a signature of `subject`. */
function signatureOf(subject: ManifestContent, { privateKey }: { readonly privateKey: KeyObject }): Image {
  const critical = {
    identity: { "docker-reference": "x" },
    image: { "docker-manifest-digest": subject.digest },
    type: "cosign container image signature",
  };
  const payload = contentOf(JSON.stringify({ critical, optional: null }));
  const config = contentOf(JSON.stringify({ rootfs: { type: "layers" }, of: subject.digest }));
  const made = sign("sha256", payload.bytes, privateKey).toString("base64");
  const annotations = { "dev.cosignproject.cosign/signature": made };
  const manifest = makeManifest({
    schemaVersion: 2,
    mediaType: TYPE.manifest,
    config: descriptorOf(config, TYPE.config),
    layers: [descriptorOf(payload, SIMPLE, { annotations })],
  });
  return { manifest, blobs: [config, payload] };
}

/** An image at upstream, under a tag of its own, with a signature by this key; null: without. */
function addImage(tag: string, key: { readonly privateKey: KeyObject } | null): Image {
  const image = lab.addImage(tag);
  if (key !== null) addSignature(image.manifest, key);
  return image;
}

function addSignature(subject: ManifestContent, key: { readonly privateKey: KeyObject }): void {
  lab.upstream.addImage(signatureOf(subject, key), signatureTag(subject));
}

function addIndex(tag: string) {
  const images = [makeImage(), makeImage()];
  const platforms = ["amd64", "arm64"].map((architecture) => ({ os: "linux", architecture }));
  const index = makeIndex(images.map(({ manifest }, at) => describeManifest(manifest, { platform: platforms[at] })));
  for (const image of images) lab.upstream.addImage(image);
  lab.upstream.tag(tag, index);
  return { index, images: images as [Image, Image] };
}

const layerOf = ({ blobs }: Image) => lab.blobUrl(blobs.at(-1)?.digest ?? "");
const statusOf = async (method: string, url: string) => (await send(method, url)).status;

describe("an image from upstream", () => {
  test("is served with a good signature, by tag and by digest, and so are its blobs", async () => {
    const image = addImage("good", ours);
    expect((await lab.manifest("good")).status).toBe(200);
    expect((await lab.manifest(image.manifest.digest)).status).toBe(200);
    expect(await statusOf("HEAD", lab.manifestUrl("good"))).toBe(200);
    for (const { digest } of image.blobs) expect(await statusOf("GET", lab.blobUrl(digest))).toBe(200);
  });

  test("is refused without one, whichever way it is asked for, and not kept", async () => {
    const image = addImage("bare", null);
    const reply = await lab.manifest("bare");
    expect(reply.status).toBe(403);
    expect(messageOf(reply)).toContain(
      `images of ${HOST}/** must be signed, and it has no signature by the key ours.pub`,
    );
    for (const method of ["GET", "HEAD"]) {
      for (const reference of ["bare", image.manifest.digest]) {
        expect([method, reference, await statusOf(method, lab.manifestUrl(reference))]).toEqual([
          method,
          reference,
          403,
        ]);
      }
    }
    for (const { digest } of image.blobs) expect(await statusOf("GET", lab.blobUrl(digest))).toBe(403);
    const cached = await larder("cache", `${HOST}/team/app:bare`);
    expect(cached).toMatchObject({ status: 1, errors: expect.stringContaining("must be signed") });
    expect((await larder("ls")).output).not.toContain("bare");
    await larder("offline", "on");
    expect((await lab.manifest("bare")).status).toBe(404);
  });

  test("is refused with another key's, one that was changed, and one of another image", async () => {
    const [other, changed, moved] = [addImage("other", theirs), addImage("changed", null), addImage("moved", null)];
    const forged = signatureOf(changed.manifest, ours);
    const text = new TextDecoder().decode(forged.manifest.bytes).replace(/"MEU?[A-Za-z0-9+/]{8}/, '"MEQCIAAAAAAA');
    lab.upstream.addImage(
      { ...forged, manifest: { ...contentOf(text), mediaType: TYPE.manifest } },
      signatureTag(changed.manifest),
    );
    lab.upstream.addImage(signatureOf(other.manifest, ours), signatureTag(moved.manifest));
    const cases = [
      ["other", "by another key"],
      ["changed", "has a signature, but it is not by the key ours.pub"],
      ["moved", "is of another image"],
    ] as const;
    for (const [tag, why] of cases) {
      const reply = await lab.manifest(tag);
      expect([tag, reply.status, messageOf(reply)]).toEqual([tag, 403, expect.stringContaining(why)]);
    }
  });

  test("is served where nothing is required, and its signature always", async () => {
    const image = addImage("plain", theirs);
    expect((await lab.manifest("plain", FREE)).status).toBe(200);
    expect(await statusOf("GET", lab.blobUrl(image.blobs[0]?.digest ?? "", FREE))).toBe(200);
    expect((await lab.manifest("plain")).status).toBe(403);
    expect((await lab.manifest(signatureTag(image.manifest))).status).toBe(200);
    // What is here by a name of which nothing is required is not handed out by another.
    expect((await lab.manifest(image.manifest.digest)).status).toBe(403);
    expect(await statusOf("GET", layerOf(image))).toBe(403);
  });

  test("is refused when it is only called a signature", async () => {
    const [image, subject] = [makeImage(), makeImage()];
    lab.upstream.addImage(image, signatureTag(subject.manifest));
    lab.upstream.addImage(subject, "disguised");
    expect((await lab.manifest(signatureTag(subject.manifest))).status).toBe(403);
    expect((await lab.manifest("disguised")).status).toBe(403);
    expect((await lab.manifest(image.manifest.digest)).status).toBe(403);
  });

  test("is refused when its layers only call themselves documents, and are archives", async () => {
    for (const [tag, layer, config] of [
      ["gzip", contentOf(gzipSync("x".repeat(2000))), TYPE.config],
      ["tar", contentOf(await new Bun.Archive({ "{": "text" }).bytes()), TYPE.config],
      ["odd-config", contentOf(gzipSync("y".repeat(2000))), "application/vnd.example"],
    ] as const) {
      const described = contentOf(JSON.stringify({ rootfs: { type: "layers" }, of: tag }));
      const made = { schemaVersion: 2, mediaType: TYPE.manifest, config: descriptorOf(described, config) };
      const manifest = makeManifest({ ...made, layers: [descriptorOf(layer, "application/vnd.in-toto+json")] });
      lab.upstream.addImage({ manifest, blobs: [described, layer] }, tag);
      expect([tag, (await lab.manifest(tag)).status]).toEqual([tag, 403]);
      for (const { digest } of [described, layer]) expect(await statusOf("GET", lab.blobUrl(digest))).toBe(403);
    }
  });

  test("that is a document is served, and refused while its layer cannot be looked at", async () => {
    const document = contentOf(JSON.stringify({ _type: "https://in-toto.io/Statement/v1", more: "x".repeat(2000) }));
    const config = contentOf(JSON.stringify({ rootfs: { type: "layers" }, of: "a document" }));
    const made = { schemaVersion: 2, mediaType: TYPE.manifest, config: descriptorOf(config, TYPE.config) };
    const manifest = makeManifest({ ...made, layers: [descriptorOf(document, "application/vnd.in-toto+json")] });
    lab.upstream.addImage({ manifest, blobs: [config, document] }, "document");
    lab.upstream.misbehave({ reference: document.digest }, { kind: "status", status: 500 });
    expect((await lab.manifest("document")).status).toBe(403);
    lab.upstream.behave();
    // Refusals are remembered for seconds.
    await lab.restart();
    expect((await lab.manifest("document")).status).toBe(200);
    expect(await statusOf("GET", lab.blobUrl(document.digest))).toBe(200);
  });

  test("is served offline with what came along, after a restart, too", async () => {
    const image = addImage("kept", ours);
    expect((await lab.manifest("kept")).status).toBe(200);
    expect(await statusOf("GET", layerOf(image))).toBe(200);
    await lab.restart();
    await larder("offline", "on");
    expect((await lab.manifest("kept")).status).toBe(200);
    expect(await statusOf("GET", layerOf(image))).toBe(200);
    expect((await lab.manifest(signatureTag(image.manifest))).status).toBe(200);
  });

  test("is refused once its signature has been taken away", async () => {
    const image = addImage("revoked", ours);
    expect((await lab.manifest("revoked")).status).toBe(200);
    await larder("offline", "on");
    const signature = signatureTag(image.manifest);
    const { digest } = signatureOf(image.manifest, ours).manifest;
    expect((await larder("rm", `${HOST}/team/app:${signature}`)).status).toBe(0);
    expect(digest).toStartWith("sha256:");
    const reply = await lab.manifest("revoked");
    expect([reply.status, messageOf(reply)]).toEqual([403, expect.stringContaining("larder is offline")]);
  });

  test("whose signatures cannot be asked for is refused, and served when they can be", async () => {
    const image = addImage("unsure", ours);
    lab.upstream.misbehave({ reference: signatureTag(image.manifest) }, { kind: "status", status: 500 });
    const reply = await lab.manifest("unsure");
    expect([reply.status, messageOf(reply)]).toEqual([
      403,
      expect.stringContaining("could not be asked for signatures"),
    ]);
    lab.upstream.behave();
    await until("it is served", async () => (await lab.manifest("unsure")).status === 200, 50_000);
  }, 60_000);

  test("that took the place of a signed one is not served; the signed one is, with a warning", async () => {
    const signed = addImage("moving", ours);
    expect((await lab.manifest("moving")).status).toBe(200);
    const bare = lab.addImage("moving");
    const reply = await lab.manifest("moving");
    expect(reply.status).toBe(200);
    expect(reply.headers.get("docker-content-digest")).toBe(signed.manifest.digest);
    expect(reply.headers.get("warning")).toContain("must be signed");
    expect((await lab.manifest(bare.manifest.digest)).status).toBe(403);
    addSignature(bare.manifest, ours);
    await until(
      "the newer one is served",
      async () => (await lab.manifest("moving")).headers.get("docker-content-digest") === bare.manifest.digest,
      60_000,
    );
  }, 90_000);
});

describe("an index", () => {
  test("covers what it names: by digest, after the index was pulled", async () => {
    const { index, images } = addIndex("index");
    addSignature(index, ours);
    expect((await lab.manifest("index")).status).toBe(200);
    for (const image of images) {
      expect((await lab.manifest(image.manifest.digest)).status).toBe(200);
      expect(await statusOf("GET", layerOf(image))).toBe(200);
    }
    await lab.restart();
    await larder("offline", "on");
    expect((await lab.manifest(images[0].manifest.digest)).status).toBe(200);
    expect(await statusOf("GET", layerOf(images[0]))).toBe(200);
  });

  test("without a signature is refused, and so is what it names, unless that is signed itself", async () => {
    const { index, images } = addIndex("bare-index");
    addSignature(images[0].manifest, ours);
    expect((await lab.manifest("bare-index")).status).toBe(403);
    expect((await lab.manifest(index.digest)).status).toBe(403);
    expect((await lab.manifest(images[0].manifest.digest)).status).toBe(200);
    expect((await lab.manifest(images[1].manifest.digest)).status).toBe(403);
  });

  test("is cached whole, with its signature", async () => {
    const { index } = addIndex("whole");
    addSignature(index, ours);
    expect(await larder("cache", "--all-platforms", `${HOST}/team/app:whole`)).toMatchObject({ status: 0 });
  });
});

describe("a push under a name that needs a signature", () => {
  const pushed = (name: string, reference: string) => manifestUrl(lab.larder.url, name, reference);
  const COSIGN = { headers: { "User-Agent": "cosign/v2.6.5 (linux; amd64) go-containerregistry/v0.20.7" } };

  test("is possible, can be looked at and signed, and is served from then on", async () => {
    const [name, image] = ["signed/app", makeImage()];
    await pushImage(lab.larder.url, name, image, "1");
    expect(await statusOf("HEAD", pushed(name, "1"))).toBe(200);
    expect(await statusOf("GET", pushed(name, "1"))).toBe(403);
    expect(await statusOf("GET", `${lab.larder.url}/v2/${name}/blobs/${image.blobs[0]?.digest}`)).toBe(403);
    // Nor by a mount under a name of which nothing is required.
    const [layer] = image.blobs;
    for (const query of [`mount=${layer?.digest}&from=${name}`, `mount=${layer?.digest}`]) {
      expect(await statusOf("POST", `${lab.larder.url}/v2/free/app/blobs/uploads/?${query}`)).toBe(202);
    }
    expect((await send("GET", pushed(name, image.manifest.digest), COSIGN)).status).toBe(200);
    expect((await send("GET", pushed(name, signatureTag(image.manifest)), COSIGN)).status).toBe(404);
    await pushImage(lab.larder.url, name, signatureOf(image.manifest, ours), signatureTag(image.manifest));
    expect(await statusOf("GET", pushed(name, "1"))).toBe(200);
    expect(await statusOf("GET", pushed(name, image.manifest.digest))).toBe(200);
    expect(await statusOf("GET", `${lab.larder.url}/v2/${name}/blobs/${image.blobs[0]?.digest}`)).toBe(200);
    await send("DELETE", pushed(name, signatureTag(image.manifest)));
    expect(await statusOf("GET", pushed(name, "1"))).toBe(403);
  });

  test("that answers for another registry's name needs what is required of that", async () => {
    const image = makeImage();
    await pushImage(lab.larder.url, "mine/app", image, "1");
    expect(await statusOf("GET", pushed("mine/app", "1"))).toBe(200);
    expect((await lab.manifest("1", "mine/app")).status).toBe(403);
    await pushImage(lab.larder.url, "mine/app", signatureOf(image.manifest, ours), signatureTag(image.manifest));
    expect((await lab.manifest("1", "mine/app")).status).toBe(200);
    expect(await statusOf("GET", lab.blobUrl(image.blobs[0]?.digest ?? "", "mine/app"))).toBe(200);
  });

  test("of an index whose parts are not signed is covered by the index's own signature", async () => {
    const [name, image] = ["signed/index", makeImage()];
    await pushImage(lab.larder.url, name, image);
    const index = makeIndex([describeManifest(image.manifest, { platform: { os: "linux", architecture: "amd64" } })]);
    await pushManifest(lab.larder.url, name, index, "1");
    expect(await statusOf("GET", pushed(name, image.manifest.digest))).toBe(403);
    await pushImage(lab.larder.url, name, signatureOf(index, ours), signatureTag(index));
    expect(await statusOf("GET", pushed(name, "1"))).toBe(200);
    expect(await statusOf("GET", pushed(name, image.manifest.digest))).toBe(200);
  });
});

test("other keys count from the moment that the settings are read again", async () => {
  const image = addImage("rekeyed", theirs);
  const signed = addImage("was-good", ours);
  expect((await lab.manifest("was-good")).status).toBe(200);
  expect((await lab.manifest("rekeyed")).status).toBe(403);
  await Bun.write(join(folder, "ours.pub"), pem(theirs));
  lab.larder.signal("SIGHUP");
  await until("the other key counts", async () => (await lab.manifest("rekeyed")).status === 200);
  expect((await lab.manifest(image.manifest.digest)).status).toBe(200);
  expect((await lab.manifest("was-good")).status).toBe(403);
  expect(await statusOf("GET", layerOf(signed))).toBe(403);
  // A key that cannot be read changes nothing.
  await Bun.write(join(folder, "ours.pub"), "no key");
  lab.larder.signal("SIGHUP");
  await until("the log tells of the file", () => lab.larder.output().includes("it is no public key in PEM"));
  expect((await lab.manifest("rekeyed")).status).toBe(200);
}, 60_000);
