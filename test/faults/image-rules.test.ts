/** What may come in, and what never changes: by the rules of larder.yaml, for what is upstream, cached, and pushed. */
import { afterEach, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeManifest, type Image, makeImage, makeIndex } from "../conformance/content-factory.ts";
import { expectError } from "../conformance/expect-error.ts";
import { pushImage, putManifest, send } from "../conformance/registry-client.ts";
import { until } from "../until.ts";
import { runLarder } from "./larder-command.ts";
import { HOST, PATH, PullThrough } from "./pull-through.ts";

let lab: PullThrough;
let folder: string;
afterEach(async () => {
  await lab.stop();
  await rm(folder, { recursive: true, force: true });
});
const file = (): string => join(folder, "larder.yaml");

/** Starts with `settings` in larder.yaml. */
async function start(settings: object): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), "larder-rules-"));
  await writeFile(file(), JSON.stringify(settings));
  lab = await PullThrough.start({ arguments: ["--config", file(), "--tags", "always"] });
}

/** Changes larder.yaml while larder runs. */
async function change(settings: object): Promise<void> {
  const seen = lab.larder.output().length;
  await writeFile(file(), JSON.stringify(settings));
  lab.larder.signal("SIGHUP");
  await until("the settings are read again", () => /settings/.test(lab.larder.output().slice(seen)));
}

async function pull(image: Image, tag: string, path = PATH): Promise<void> {
  expect((await lab.manifest(tag, path)).status).toBe(200);
  for (const { digest } of image.blobs) expect((await send("GET", lab.blobUrl(digest, path))).status).toBe(200);
}

const deny = (...patterns: string[]) => ({ upstreams: { [HOST]: { deny: patterns } } });

describe("what may not come in", () => {
  test("is not asked for, by tag, digest, blob or list; the answer names the rule", async () => {
    await start(deny("team/*"));
    const image = lab.addImage("1");
    lab.upstream.tagList = ["1"];
    const [blob] = image.blobs;
    for (const method of ["GET", "HEAD"]) {
      for (const url of [
        lab.manifestUrl("1"),
        lab.manifestUrl(image.manifest.digest),
        lab.blobUrl(blob?.digest ?? ""),
        `${lab.larder.url}/v2/${PATH}/tags/list?ns=${HOST}`,
        `${lab.larder.url}/v2/${HOST}/${PATH}/manifests/1`,
      ]) {
        if (method === "HEAD" && url.includes("tags/list")) continue;
        const reply = await send(method, url, { headers: { "User-Agent": "containerd/2" } });
        // Everybody may push here, and to whom may push HEAD says no more than that it is not there.
        if (method === "HEAD") expect([403, 404]).toContain(reply.status);
        else expectError(reply, 403, "DENIED");
        if (method === "GET") expect(reply.text).toContain(`upstreams.${HOST}.deny \\"team/*\\"`);
      }
    }
    const referrers = await send("GET", `${lab.larder.url}/v2/${PATH}/referrers/${image.manifest.digest}?ns=${HOST}`);
    expect(JSON.parse(referrers.text)).toMatchObject({ manifests: [] });
    expect(lab.upstream.requests).toEqual([]);
    await pull(image, "1", "other/app");
  });

  test("is not served either when it came before the rule, until the rule is gone", async () => {
    await start({});
    const image = lab.addImage("1");
    await pull(image, "1");
    await change(deny(`${HOST}/team/**`));
    expectError(await lab.manifest("1"), 403, "DENIED");
    expectError(await lab.manifest(image.manifest.digest), 403, "DENIED");
    for (const { digest } of image.blobs) expectError(await send("GET", lab.blobUrl(digest)), 403, "DENIED");
    // Nor under a name of another registry, or of none, that leads there.
    expect((await send("GET", `${lab.larder.url}/v2/${PATH}/manifests/1`)).status).not.toBe(200);
    for (const { digest } of image.blobs) {
      expect((await send("GET", `${lab.larder.url}/v2/${PATH}/blobs/${digest}`)).status).not.toBe(200);
    }
    await change({});
    await pull(image, "1");
  });

  test("is lent to no other name: by mounts, with a source and without", async () => {
    await start({});
    const image = lab.addImage("1");
    await pull(image, "1");
    await change(deny("**"));
    for (const { digest } of image.blobs) {
      for (const query of [`mount=${digest}&from=${HOST}/${PATH}`, `mount=${digest}`]) {
        expect((await send("POST", `${lab.larder.url}/v2/mine/app/blobs/uploads/?${query}`)).status).toBe(202);
      }
      expect((await send("GET", `${lab.larder.url}/v2/mine/app/blobs/${digest}`)).status).toBe(404);
    }
    await change({});
    const { digest } = image.blobs[0] as { digest: string };
    const query = `mount=${digest}&from=${HOST}/${PATH}`;
    expect((await send("POST", `${lab.larder.url}/v2/mine/app/blobs/uploads/?${query}`)).status).toBe(201);
  });

  test("is told to who caches, and preloads", async () => {
    await start({ allow: [`${HOST}/team/app:1.*`] });
    lab.addImage("1.2");
    lab.addImage("2.0");
    expect((await runLarder(lab.larder.url, "cache", `${HOST}/${PATH}:1.2`)).status).toBe(0);
    const { status, errors } = await runLarder(lab.larder.url, "cache", `${HOST}/${PATH}:2.0`);
    expect(status).toBe(1);
    expect(errors).toContain(`${HOST}/${PATH}:2.0: may not come in: allow in larder's settings does not name it\n`);
  });

  test("a tag is denied alone; by digest the name decides, and lists leave it out", async () => {
    await start(deny("team/app:2*"));
    const [one, two] = [lab.addImage("1"), lab.addImage("2")];
    lab.upstream.tagList = ["1", "2"];
    await pull(one, "1");
    expectError(await lab.manifest("2"), 403, "DENIED");
    expect((await lab.manifest(two.manifest.digest)).status).toBe(200);
    const list = await send("GET", `${lab.larder.url}/v2/${PATH}/tags/list?ns=${HOST}`);
    expect(JSON.parse(list.text)).toMatchObject({ tags: ["1"] });
  });

  test("what people push under such a name is theirs: it comes in, and is served with all that it has", async () => {
    await start(deny("**"));
    const [own, cached] = [makeImage(), lab.addImage("1")];
    const index = makeIndex([describeManifest(own.manifest)]);
    const name = `${HOST}/${PATH}`;
    await pushImage(lab.larder.url, name, own, own.manifest.digest);
    expect((await putManifest(lab.larder.url, name, index, "mine")).status).toBe(201);
    await pull(own, "mine");
    expect((await lab.manifest(own.manifest.digest)).status).toBe(200);
    expectError(await lab.manifest("1"), 403, "DENIED");
    expectError(await lab.manifest(cached.manifest.digest), 403, "DENIED");
    const untagged = makeImage();
    await pushImage(lab.larder.url, name, untagged, untagged.manifest.digest);
    expect((await lab.manifest(untagged.manifest.digest)).status).toBe(200);
    for (const { digest } of untagged.blobs) expect((await send("GET", lab.blobUrl(digest))).status).toBe(200);
    expect(lab.upstream.requests).toEqual([]);
  });
});

describe("an immutable tag", () => {
  const IMMUTABLE = { immutable: ["team/**:v*", `${HOST}/team/**:v*`] };

  test("that was pushed is neither moved nor removed, by any way; the same digest may be pushed again", async () => {
    await start(IMMUTABLE);
    const [one, two] = [makeImage(), makeImage()];
    const index = makeIndex([describeManifest(one.manifest)]);
    const { url } = lab.larder;
    for (const image of [one, two]) await pushImage(url, PATH, image, image.manifest.digest);
    expect((await putManifest(url, PATH, index, "v1")).status).toBe(201);
    expect((await putManifest(url, PATH, index, "v1")).status).toBe(201);
    const moved = await putManifest(url, PATH, two.manifest, "v1");
    expectError(moved, 403, "DENIED");
    expect(moved.text).toContain(`points at ${index.digest} already; push under another tag`);
    const alsoTagged = `${url}/v2/${PATH}/manifests/${two.manifest.digest}?tag=new&tag=v1`;
    const headers = { "Content-Type": two.manifest.mediaType };
    expectError(await send("PUT", alsoTagged, { headers, body: two.manifest.bytes }), 403, "DENIED");
    expect((await send("GET", `${url}/v2/${PATH}/manifests/new`)).status).toBe(404);
    const [blob] = one.blobs;
    for (const tail of [
      "manifests/v1",
      `manifests/${index.digest}`,
      `manifests/${one.manifest.digest}`,
      `blobs/${blob?.digest}`,
    ]) {
      expectError(await send("DELETE", `${url}/v2/${PATH}/${tail}`), 403, "DENIED");
    }
    expect((await send("DELETE", `${url}/api/v1/images/local/${PATH}:v1`)).status).toBe(403);
    for (const image of [`local/${PATH}:v1`, `local/${PATH}@${index.digest}`]) {
      const { status, errors } = await runLarder(url, "rm", image);
      expect([status, errors.includes("larder rm --force")]).toEqual([1, true]);
    }
    expect((await send("GET", `${url}/v2/${PATH}/manifests/v1`)).headers.get("docker-content-digest")).toBe(
      index.digest,
    );
    expect((await putManifest(url, PATH, index, "latest")).status).toBe(201);
    expect((await putManifest(url, PATH, two.manifest, "latest")).status).toBe(201);
    expect((await runLarder(url, "rm", "--force", `local/${PATH}:v1`)).status).toBe(0);
    expect((await putManifest(url, PATH, two.manifest, "v1")).status).toBe(201);
  });

  test("is pushed once, however many push it at once", async () => {
    await start(IMMUTABLE);
    const images = Array.from({ length: 8 }, () => makeImage());
    for (const image of images) await pushImage(lab.larder.url, PATH, image, image.manifest.digest);
    const replies = await Promise.all(images.map(({ manifest }) => putManifest(lab.larder.url, PATH, manifest, "v1")));
    const of = (status: number) => replies.filter((reply) => reply.status === status).length;
    expect([of(201), of(403)]).toEqual([1, 7]);
  });

  test("that was cached stays at its first digest, with a warning once upstream has moved it", async () => {
    await start(IMMUTABLE);
    const one = lab.addImage("v1");
    await pull(one, "v1");
    const calm = await lab.manifest("v1");
    expect([calm.headers.get("docker-content-digest"), calm.headers.get("warning")]).toEqual([
      one.manifest.digest,
      null,
    ]);
    const two = lab.addImage("v1");
    lab.addImage("latest");
    const reply = await lab.manifest("v1");
    expect(reply.headers.get("docker-content-digest")).toBe(one.manifest.digest);
    expect(reply.headers.get("warning")).toContain(`has moved this tag to ${two.manifest.digest}`);
    await lab.manifest("v1");
    const told = () => lab.larder.output().split("upstream has moved a tag that is immutable here").length - 1;
    await until("the log tells of it", () => told() > 0);
    const { status, errors } = await runLarder(lab.larder.url, "cache", `${HOST}/${PATH}:v1`);
    expect([status, errors.includes("has moved this tag")]).toEqual([0, true]);
    expect(told()).toBe(1);
    // What is no such tag moves.
    const latest = lab.addImage("latest");
    expect((await lab.manifest("latest")).headers.get("docker-content-digest")).toBe(latest.manifest.digest);
    // Nothing of the new one was fetched.
    const fetched = lab.upstream.requests.filter(
      ({ path, method }) => method === "GET" && path.endsWith("/manifests/v1"),
    );
    expect(fetched).toHaveLength(1);
  });
});
