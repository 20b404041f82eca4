/** Layers that their registry does not distribute, as Windows' base images have them: fetched from their own URLs. */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Content, descriptorOf, makeBlob, makeImage, TYPE } from "../conformance/content-factory.ts";
import { send } from "../conformance/registry-client.ts";
import { runLarder } from "../command-line/run-larder.ts";
import { HOST, PATH, PullThrough } from "./pull-through.ts";

const DOCKER_FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";

let lab: PullThrough;
let folder: string;
/** What answers at the layers' URLs: by path, content or a status. */
const content = new Map<string, Uint8Array<ArrayBuffer> | number | URL>();
const asked: { path: string; range: string | null; authorization: string | null }[] = [];
const elsewhere = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch(request) {
    const { pathname } = new URL(request.url);
    const header = (name: string) => request.headers.get(name);
    asked.push({ path: pathname, range: header("range"), authorization: header("authorization") });
    const found = content.get(pathname) ?? 404;
    if (found instanceof URL) return Response.redirect(found.href, 302);
    if (typeof found === "number") return new Response("no", { status: found });
    return new Response(found);
  },
});
beforeAll(async () => {
  lab = await PullThrough.start();
  folder = await mkdtemp(join(tmpdir(), "larder-foreign-"));
});
afterEach(() => {
  lab.upstream.behave();
  content.clear();
  asked.length = 0;
});
afterAll(async () => {
  await lab.stop();
  await elsewhere.stop(true);
  await rm(folder, { recursive: true });
});

const larder = (...argv: string[]) => runLarder(new URL(lab.larder.url).host, argv);
const urlOf = (path: string) => new URL(path, elsewhere.url).href;

/** An image of which one layer is not at its registry. */
function addForeign(tag: string, urls: readonly string[], layer: Content = makeBlob(2000), mediaType = DOCKER_FOREIGN) {
  const foreign = descriptorOf(layer, mediaType, { urls });
  const own = makeBlob(500);
  const image = makeImage({ layers: [foreign, descriptorOf(own, TYPE.layer)] });
  lab.upstream.addImage({ manifest: image.manifest, blobs: [image.blobs[0] as Content, own] }, tag);
  return { name: `${HOST}/${PATH}:${tag}`, layer, own };
}

test.each([DOCKER_FOREIGN, TYPE.foreignLayer])("a layer of type %s comes from its URL, and is served", async (type) => {
  const { name, layer } = addForeign(
    type === DOCKER_FOREIGN ? "windows" : "oci",
    [urlOf("/gone"), urlOf("/layer")],
    makeBlob(2000),
    type,
  );
  content.set("/layer", layer.bytes);
  expect(await larder("has", name)).toMatchObject({ status: 1 });
  expect(await larder("cache", name)).toMatchObject({ status: 0 });
  expect(asked.map(({ path }) => path)).toEqual(["/gone", "/layer"]);
  expect(await larder("has", name)).toMatchObject({ status: 0 });
  await larder("offline", "on");
  expect((await send("GET", lab.blobUrl(layer.digest))).bytes).toEqual(layer.bytes);
  await larder("offline", "off");
  // A manifest names it: no collection takes it.
  await larder("gc");
  expect((await send("HEAD", lab.blobUrl(layer.digest))).status).toBe(200);
});

test("a layer that its registry does give away is not asked for elsewhere", async () => {
  const { name, layer } = addForeign("given", [urlOf("/layer")]);
  lab.upstream.add(layer);
  expect(await larder("cache", name)).toMatchObject({ status: 0 });
  expect(asked).toEqual([]);
});

test("a layer that cannot be had fails the caching, and all else is here; `has` and `missing` say so", async () => {
  const { name, layer, own } = addForeign("lacking", [urlOf("/gone")]);
  const { status, errors } = await larder("cache", name);
  expect(status).toBe(1);
  expect(errors).toContain(`${layer.digest} is not given away by its registry, and could not be had from elsewhere`);
  expect(errors).toContain("/gone");
  expect((await send("HEAD", lab.blobUrl(own.digest))).status).toBe(200);
  expect(await larder("has", name)).toMatchObject({ status: 1, errors: expect.stringContaining(layer.digest) });
  const list = join(folder, "images.txt");
  await Bun.write(list, `${name}\n`);
  expect(await larder("missing", list)).toMatchObject({ status: 1, output: `${name}\n` });
});

const LINK_LOCAL = "http://169.254.169.254/latest/meta-data/";
test.each([
  ["leads to a link-local address", [LINK_LOCAL], /link-local/],
  ["redirects to a link-local address", ["/redirect"], /link-local/],
  ["is of another scheme", ["file:///etc/passwd", "ftp://127.0.0.1/x", "no url"], /not in|nor where/],
  ["gives another length", ["/short"], /has 100 bytes, not 2000/],
  ["gives other bytes", ["/wrong"], /digest/],
  ["is refused", ["/forbidden"], /403/],
] as const)("a URL that %s yields nothing", async (what, urls, message) => {
  content.set("/redirect", new URL(LINK_LOCAL));
  content.set("/short", makeBlob(100).bytes);
  content.set("/wrong", makeBlob(2000).bytes);
  content.set("/forbidden", 403);
  const { name, layer } = addForeign(
    what.replaceAll(" ", "-"),
    urls.map((url) => (url.startsWith("/") ? urlOf(url) : url)),
  );
  const { status, errors } = await larder("cache", name);
  expect([status, errors]).toEqual([1, expect.stringMatching(message)]);
  expect((await send("HEAD", lab.blobUrl(layer.digest))).status).toBe(404);
});

test("credentials in a URL are not sent, and no more than four are asked", async () => {
  const urls = Array.from({ length: 10 }, (_, at) => urlOf(`/gone-${at}`).replace("http://", "http://user:secret@"));
  const { name } = addForeign("many", urls);
  expect(await larder("cache", name)).toMatchObject({ status: 1, errors: expect.not.stringContaining("secret") });
  expect(asked.map(({ authorization }) => authorization)).toEqual([null, null, null, null]);
});

test("a copy carries what is there, and says what it does not carry", async () => {
  const { layer } = addForeign("copied", [urlOf("/layer")]);
  const source = `docker://127.0.0.1:${lab.upstream.port}/${PATH}:copied`;
  const lacking = await larder("copy", source, `oci:${folder}/lacking:x`, "--json");
  expect(lacking).toMatchObject({
    status: 0,
    errors: expect.stringContaining(`may not be distributed is not in the source and was not copied: ${layer.digest}`),
  });
  expect(JSON.parse(lacking.output)).toMatchObject([
    { notCarried: [{ digest: layer.digest, urls: [urlOf("/layer")] }] },
  ]);
  expect(await larder("copy", source, `docker-archive:${folder}/lacking.tar`)).toMatchObject({
    status: 1,
    errors: expect.stringMatching(/needs every layer, and sha256:.* may not be distributed/),
  });
  expect(await Bun.file(join(folder, "lacking.tar")).exists()).toBe(false);
  lab.upstream.add(layer);
  const whole = await larder("copy", source, `oci:${folder}/whole:x`, "--json");
  expect(JSON.parse(whole.output)).toMatchObject([{ notCarried: [], blobs: { copied: 3 } }]);
});
