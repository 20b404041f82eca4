import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  contentOf,
  descriptorOf,
  digestOf,
  makeBlob,
  makeImage,
  makeManifest,
  missingDigest,
  TYPE,
} from "../conformance/content-factory.ts";
import { type Reply, send, withQuery } from "../conformance/registry-client.ts";
import { HOST, PATH, PullThrough } from "./pull-through.ts";

let lab: PullThrough;
beforeAll(async () => {
  lab = await PullThrough.start({ arguments: ["--tags", "always"] });
});
afterAll(() => lab.stop());

async function push(manifest: { bytes: Uint8Array<ArrayBuffer>; mediaType: string }, url: string): Promise<Reply> {
  return await send("PUT", url, { headers: { "Content-Type": manifest.mediaType }, body: manifest.bytes });
}

async function pushBlob(content: { bytes: Uint8Array<ArrayBuffer>; digest: string }): Promise<void> {
  const url = withQuery(`${lab.larder.url}/v2/${PATH}/blobs/uploads/?digest=${content.digest}`, "ns", HOST);
  expect((await send("POST", url, { body: content.bytes })).status).toBe(201);
}

describe("a tag that was pushed under an upstream's name", () => {
  test("wins over what was cached, survives upstream's changes, and uncovers it when it is deleted", async () => {
    const theirs = lab.addImage("covered");
    expect((await lab.manifest("covered")).bytes).toEqual(theirs.manifest.bytes);
    const mine = makeImage();
    for (const blob of mine.blobs) await pushBlob(blob);
    expect((await push(mine.manifest, lab.manifestUrl("covered"))).status).toBe(201);
    const newer = lab.addImage("covered");
    lab.upstream.requests.length = 0;
    for (let round = 0; round < 3; round++) {
      const reply = await lab.manifest("covered");
      expect(reply.bytes).toEqual(mine.manifest.bytes);
      expect(reply.headers.get("warning")).toBeNull();
    }
    expect(lab.upstream.count({ kind: "manifest" })).toBe(0);
    await lab.restart();
    expect((await lab.manifest("covered")).bytes).toEqual(mine.manifest.bytes);

    lab.upstream.misbehave({}, { kind: "drop" });
    expect((await send("DELETE", lab.manifestUrl("covered"))).status).toBe(202);
    expect((await lab.manifest("covered")).bytes).toEqual(theirs.manifest.bytes);
    lab.upstream.behave();
    await lab.restart();
    expect((await lab.manifest("covered")).bytes).toEqual(newer.manifest.bytes);
  });

  test("wins though upstream was being asked when it came", async () => {
    const theirs = lab.addImage("raced");
    lab.upstream.misbehave({ reference: "raced" }, { kind: "hang" });
    const asking = lab.manifest("raced");
    const mine = makeImage();
    for (const blob of mine.blobs) await pushBlob(blob);
    expect((await push(mine.manifest, lab.manifestUrl("raced"))).status).toBe(201);
    lab.upstream.behave();
    expect((await asking).bytes).toEqual(theirs.manifest.bytes);
    expect((await lab.manifest("raced")).bytes).toEqual(mine.manifest.bytes);
  });
});

describe("a push whose base layer only upstream has, of an image whose manifest was pulled", () => {
  const pulledBase = async () => {
    const { manifest, blobs } = lab.addImage();
    await lab.manifest(manifest.digest);
    return blobs[1] ?? makeBlob();
  };
  const manifestOn = (base: { bytes: Uint8Array<ArrayBuffer>; digest: string }) => {
    const config = contentOf(JSON.stringify({ architecture: "amd64", os: "linux", nonce: missingDigest() }));
    const layer = makeBlob(700);
    const manifest = makeManifest({
      schemaVersion: 2,
      mediaType: TYPE.manifest,
      config: descriptorOf(config, TYPE.config),
      layers: [base, layer].map((content) => descriptorOf(content, TYPE.layer)),
    });
    return { own: [config, layer], manifest };
  };

  test("skips the layer, as HEAD says that it is there, and the manifest brings it", async () => {
    const base = await pulledBase();
    const { own, manifest } = manifestOn(base);
    expect((await send("HEAD", lab.blobUrl(base.digest))).status).toBe(200);
    for (const blob of own) await pushBlob(blob);
    expect((await push(manifest, lab.manifestUrl("derived"))).status).toBe(201);
    lab.upstream.misbehave({}, { kind: "drop" });
    expect(digestOf((await send("GET", lab.blobUrl(base.digest))).bytes)).toBe(base.digest);
    lab.upstream.behave();
  });

  test("is refused, naming the layer, when upstream cannot give it any more", async () => {
    const base = await pulledBase();
    const { own, manifest } = manifestOn(base);
    expect((await send("HEAD", lab.blobUrl(base.digest))).status).toBe(200);
    for (const blob of own) await pushBlob(blob);
    lab.upstream.misbehave({ reference: base.digest }, { kind: "wrong bytes" });
    const refused = await push(manifest, lab.manifestUrl("refused"));
    expect(refused.status).toBe(502);
    expect(refused.text).toContain(HOST);
    expect(refused.text).toContain(base.digest);
    lab.upstream.behave();
  });
});
