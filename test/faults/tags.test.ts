import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { makeImage, type ManifestContent } from "../conformance/content-factory.ts";
import { type Reply, send } from "../conformance/registry-client.ts";
import type { Fault } from "./fault.ts";
import { until } from "../until.ts";
import { PullThrough } from "./pull-through.ts";

/** More than larder waits for a registry when it has an answer of its own (3 s), less than when it has none (15 s). */
const QUICK_MS = 12_000;

function expectManifest(reply: Reply, manifest: ManifestContent): void {
  expect(reply.status, reply.text.slice(0, 500)).toBe(200);
  expect(reply.headers.get("docker-content-digest")).toBe(manifest.digest);
  expect(reply.bytes).toEqual(manifest.bytes);
}

describe("a cached tag within its time to live", () => {
  let lab: PullThrough;
  beforeAll(async () => {
    lab = await PullThrough.start({ arguments: ["--tags", "1h"] });
  });
  afterAll(() => lab.stop());

  test("is answered without a word to upstream, together with all of its image", async () => {
    const image = lab.addImage("fresh");
    const pull = async () => {
      expectManifest(await lab.manifest("fresh"), image.manifest);
      expectManifest(await lab.manifest(image.manifest.digest), image.manifest);
      for (const { digest, bytes } of image.blobs) {
        expect((await send("GET", lab.blobUrl(digest))).bytes).toEqual(bytes);
        expect((await send("HEAD", lab.blobUrl(digest))).status).toBe(200);
      }
    };
    await pull();
    const before = lab.upstream.count();
    lab.upstream.tag("fresh", makeImage().manifest);
    await pull();
    expect(lab.upstream.count()).toBe(before);
  });

  test("and manifests by digest stay so after a restart", async () => {
    const image = lab.addImage("kept");
    await lab.manifest("kept");
    const before = lab.upstream.count();
    await lab.restart();
    expectManifest(await lab.manifest("kept"), image.manifest);
    expect(lab.upstream.count()).toBe(before);
  });
});

describe("a cached tag past its time to live", () => {
  let lab: PullThrough;
  beforeAll(async () => {
    lab = await PullThrough.start({ arguments: ["--tags", "always"] });
  });
  afterEach(() => {
    lab.upstream.behave();
    lab.upstream.headers = {};
  });
  afterAll(() => lab.stop());

  test("is looked up by HEAD alone, once for all who ask at the same time", async () => {
    const { manifest } = lab.addImage("checked");
    await lab.manifest("checked");
    lab.upstream.requests.length = 0;
    lab.upstream.misbehave({ reference: "checked" }, { kind: "hang" });
    const replies = Array.from({ length: 50 }, () => lab.manifest("checked"));
    await lab.takesWhatWasSent();
    lab.upstream.release();
    for (const reply of await Promise.all(replies)) {
      expectManifest(reply, manifest);
      expect(reply.headers.get("warning")).toBeNull();
    }
    expect(lab.upstream.requests.map(({ method }) => method)).toEqual(["HEAD"]);
  });

  test("is fetched again when it has moved, and what it led to stays by its digest", async () => {
    const before = lab.addImage("moved");
    expectManifest(await lab.manifest("moved"), before.manifest);
    const after = lab.addImage("moved");
    const replies = await Promise.all(Array.from({ length: 20 }, () => lab.manifest("moved")));
    for (const reply of replies) expectManifest(reply, after.manifest);
    const asked = lab.upstream.requests.filter(({ reference }) => reference === "moved");
    expect(asked.map(({ method }) => method)).toEqual(["GET", "HEAD", "GET"]);
    expectManifest(await lab.manifest(before.manifest.digest), before.manifest);
  });

  test("is fetched when upstream's HEAD says no digest", async () => {
    const { manifest } = lab.addImage("digestless");
    await lab.manifest("digestless");
    lab.upstream.misbehave({ reference: "digestless", method: "HEAD" }, { kind: "status", status: 200 });
    expectManifest(await lab.manifest("digestless"), manifest);
  });

  const troubles: readonly (readonly [string, Fault])[] = [
    ["answers 429", { kind: "status", status: 429 }],
    ["answers 429 and says when to come again", { kind: "status", status: 429, headers: { "Retry-After": "60" } }],
    ["answers 500", { kind: "status", status: 500 }],
    ["answers 503 with a page", { kind: "status", status: 503, body: "<html>\r\nout of order" }],
    ["answers 401", { kind: "status", status: 401 }],
    ["answers 403", { kind: "status", status: 403 }],
    ["breaks the connection", { kind: "drop" }],
    ["says nothing", { kind: "hang" }],
  ];
  test.each(troubles)("is answered quickly and with a warning when upstream %s", async (trouble, fault) => {
    const tag = trouble.replaceAll(/[^a-z0-9]/g, "-");
    const { manifest } = lab.addImage(tag);
    await lab.manifest(tag);
    lab.upstream.misbehave({ reference: tag }, fault);
    const beganMs = performance.now();
    const reply = await lab.manifest(tag);
    expect(performance.now() - beganMs).toBeLessThan(QUICK_MS);
    expectManifest(reply, manifest);
    expect(reply.headers.get("warning")).toStartWith("110 larder ");
    const asked = lab.upstream.count();
    expectManifest(await lab.manifest(tag), manifest);
    expect(lab.upstream.count()).toBe(asked);
  });

  test("is answered whatever characters upstream complains in", async () => {
    const { manifest } = lab.addImage("strange");
    await lab.manifest("strange");
    lab.addImage("strange");
    const body = JSON.stringify({ errors: [{ code: "X", message: '日本 é \u{1f433} " \u0000\u007f\u2028\r\nX: y' }] });
    lab.upstream.misbehave({ reference: "strange", method: "GET" }, { kind: "status", status: 403, body });
    const reply = await lab.manifest("strange");
    expectManifest(reply, manifest);
    expect(reply.headers.get("warning")).toContain("answered 403");
    expect(reply.headers.has("x")).toBe(false);
  });

  test("is answered with a warning when upstream has removed it", async () => {
    const { manifest } = lab.addImage("removed");
    await lab.manifest("removed");
    lab.upstream.tag("removed", null);
    const reply = await lab.manifest("removed");
    expectManifest(reply, manifest);
    expect(reply.headers.get("warning")).toContain("no longer has");
  });

  test("is not looked up while the allowance that upstream speaks of runs out", async () => {
    const { manifest } = lab.addImage("rationed");
    lab.upstream.headers = { "ratelimit-limit": "100;w=3600", "ratelimit-remaining": "3;w=3600" };
    await lab.manifest("rationed");
    const before = lab.upstream.count();
    expectManifest(await lab.manifest("rationed"), manifest);
    expect(lab.upstream.count()).toBe(before);
  });

  test("is looked up again when the time for that allowance is over", async () => {
    const { manifest } = lab.addImage("rationed-shortly");
    lab.upstream.headers = { "ratelimit-limit": "100;w=1", "ratelimit-remaining": "3;w=1" };
    await lab.manifest("rationed-shortly");
    lab.upstream.headers = {};
    await until("it is looked up", async () => {
      expectManifest(await lab.manifest("rationed-shortly"), manifest);
      return lab.upstream.count({ reference: "rationed-shortly", method: "HEAD" }) > 0;
    });
  });

  test("is answered with a warning when upstream is gone, and by HEAD as well", async () => {
    const { manifest } = lab.addImage("gone");
    await lab.manifest("gone");
    await lab.upstream.stop();
    const beganMs = performance.now();
    for (const method of ["GET", "HEAD"]) {
      const reply = await send(method, lab.manifestUrl("gone"));
      expect([reply.status, reply.headers.get("docker-content-digest")]).toEqual([200, manifest.digest]);
      expect(reply.headers.get("warning")).toContain("failed at 127.0.0.1");
    }
    expect(performance.now() - beganMs).toBeLessThan(QUICK_MS);
    const missing = await lab.manifest("never-seen");
    expect(missing.status).toBe(502);
    expect(missing.text).toContain("could not be fetched");
  });
});

describe("what upstream does not have", () => {
  let lab: PullThrough;
  beforeAll(async () => {
    lab = await PullThrough.start();
  });
  afterAll(() => lab.stop());

  test("is not asked for again for some seconds", async () => {
    const { layer, manifest } = makeAbsent();
    for (let round = 0; round < 3; round++) {
      expect((await lab.manifest("absent")).status).toBe(404);
      expect((await lab.manifest(manifest)).status).toBe(404);
      expect((await send("GET", lab.blobUrl(layer))).status).toBe(404);
      expect((await send("HEAD", lab.blobUrl(layer))).status).toBe(404);
    }
    for (const reference of ["absent", manifest, layer]) expect(lab.upstream.count({ reference })).toBe(1);
  });

  test("is told with the name that was asked, and what to do", async () => {
    const reply = await lab.manifest("missing");
    expect(reply.text).toContain("upstream.test/team/app:missing");
    expect(reply.text).toContain("upstream.test has no such tag");
    expect(reply.text).toContain("push an image under that name");
    // Advice that cannot work.
    expect(reply.text).not.toMatch(/larder cache|stand-in|offline/);
  });

  function makeAbsent() {
    const image = makeImage();
    return { layer: image.blobs[1]?.digest ?? "", manifest: image.manifest.digest };
  }
});
