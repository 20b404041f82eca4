import { describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import {
  contentOf,
  describeManifest,
  descriptorOf,
  freshName,
  makeBlob,
  makeImage,
  makeIndex,
  makeManifest,
  type ManifestContent,
  missingDigest,
  TYPE,
} from "./content-factory.ts";
import { expectError } from "./expect-error.ts";
import { inPieces, manifestUrl, pushBlob, pushImage, pushManifest, putManifest, send } from "./registry-client.ts";
import { isForeignRegistry, registryUnderTest } from "./registry-under-test.ts";

const registry = registryUnderTest();

/** The manifest is not to be had in any way. */
async function expectAbsent(name: string, manifest: ManifestContent, tag: string): Promise<void> {
  for (const reference of [manifest.digest, tag]) {
    expect((await send("HEAD", manifestUrl(registry.url, name, reference))).status, reference).toBe(404);
  }
}

describe("a manifest whose blobs are missing", () => {
  test("is 400 MANIFEST_BLOB_UNKNOWN and names each of them", async () => {
    const name = freshName();
    const image = makeImage();
    const [config, first, second] = image.blobs;
    if (config === undefined || first === undefined || second === undefined)
      throw new Error("an image has three blobs");
    await pushBlob(registry.url, name, config);
    for (const reference of ["latest", image.manifest.digest]) {
      const reply = await putManifest(registry.url, name, image.manifest, reference);
      const errors = expectError(reply, 400, "MANIFEST_BLOB_UNKNOWN");
      for (const missing of [first, second]) expect(JSON.stringify(errors)).toContain(missing.digest);
      expect(JSON.stringify(errors)).not.toContain(config.digest);
    }
    await expectAbsent(name, image.manifest, "latest");
  });

  test("is refused when thousands are missing, and only so many of them are looked for", async () => {
    const [name, config] = [freshName(), makeBlob()];
    await pushBlob(registry.url, name, config);
    const layers = Array.from({ length: 5000 }, () => ({ mediaType: TYPE.layer, digest: missingDigest(), size: 1 }));
    const document = { schemaVersion: 2, mediaType: TYPE.manifest, config: descriptorOf(config, TYPE.config), layers };
    const manifest = makeManifest(document);
    const reply = await putManifest(registry.url, name, manifest);
    const [error] = expectError(reply, 400, "MANIFEST_BLOB_UNKNOWN") as { message: string }[];
    expect(error?.message).toContain(layers[0]?.digest ?? "");
    if (!isForeignRegistry) expect(error?.message).toMatch(/ names 10\d\d blob.* at least/);
    await expectAbsent(name, manifest, "latest");
  });

  test("is refused as well when only its config is missing", async () => {
    const name = freshName();
    const image = makeImage();
    for (const layer of image.blobs.slice(1)) await pushBlob(registry.url, name, layer);
    const errors = expectError(await putManifest(registry.url, name, image.manifest), 400, "MANIFEST_BLOB_UNKNOWN");
    expect(JSON.stringify(errors)).toContain(image.blobs[0]?.digest ?? "");
  });

  test("is refused although another repository has them", async () => {
    const image = makeImage();
    await pushImage(registry.url, freshName(), image);
    const name = freshName();
    expectError(await putManifest(registry.url, name, image.manifest), 400, "MANIFEST_BLOB_UNKNOWN");
    await expectAbsent(name, image.manifest, "latest");
  });

  test("is taken once they are there", async () => {
    const name = freshName();
    const image = makeImage();
    expectError(await putManifest(registry.url, name, image.manifest, "latest"), 400, "MANIFEST_BLOB_UNKNOWN");
    await pushImage(registry.url, name, image, "latest");
    expect((await send("GET", manifestUrl(registry.url, name, "latest"))).bytes).toEqual(image.manifest.bytes);
  });
});

describe("an index that lists manifests that nobody pushed", () => {
  test("is 400 MANIFEST_BLOB_UNKNOWN and names each of them, and is taken once they are there", async () => {
    const name = freshName();
    const [here, ...others] = [makeImage(), makeImage(), makeImage()];
    await pushImage(registry.url, name, here);
    const index = makeIndex([here, ...others].map(({ manifest }) => describeManifest(manifest)));
    const text = JSON.stringify(
      expectError(await putManifest(registry.url, name, index, "latest"), 400, "MANIFEST_BLOB_UNKNOWN"),
    );
    for (const { manifest } of others) expect(text).toContain(manifest.digest);
    expect(text).not.toContain(here.manifest.digest);
    await expectAbsent(name, index, "latest");
    for (const image of others) await pushImage(registry.url, name, image);
    expect((await putManifest(registry.url, name, index, "latest")).status).toBe(201);
  });

  test("is refused as well when it lists another index that lacks some", async () => {
    const name = freshName();
    const lacking = { mediaType: TYPE.manifest, digest: missingDigest(), size: 1024 };
    const inner = makeIndex([lacking]);
    const errors = expectError(await putManifest(registry.url, name, inner), 400, "MANIFEST_BLOB_UNKNOWN");
    expect(JSON.stringify(errors)).toContain(lacking.digest);
    const outer = await putManifest(registry.url, name, makeIndex([describeManifest(inner)]), "latest");
    expect(JSON.stringify(expectError(outer, 400, "MANIFEST_BLOB_UNKNOWN"))).toContain(inner.digest);
  });
});

describe("a manifest whose bytes have another digest than its URL", () => {
  test("is 400 DIGEST_INVALID and not to be had by either", async () => {
    const name = freshName();
    const index = makeIndex([]);
    const other = missingDigest();
    expectError(await putManifest(registry.url, name, index, other), 400, "DIGEST_INVALID");
    await expectAbsent(name, index, other);
  });

  test("is refused as well when only white space differs", async () => {
    const name = freshName();
    const index = makeIndex([]);
    const padded = { ...contentOf(`${new TextDecoder().decode(index.bytes)}  `), mediaType: TYPE.index };
    expectError(await putManifest(registry.url, name, padded, index.digest), 400, "DIGEST_INVALID");
  });
});

describe("a manifest that is not valid", () => {
  const descriptor = { mediaType: TYPE.manifest, digest: missingDigest(), size: 10 };
  const image = (more: Record<string, unknown>): ManifestContent => makeImage(more).manifest;
  const text = (data: string, mediaType: string = TYPE.manifest): ManifestContent => ({
    ...contentOf(data),
    mediaType,
  });
  const CASES: [string, ManifestContent][] = [
    ["nothing", text("")],
    ["not JSON", text("{not json")],
    ["binary", { ...makeBlob(300), mediaType: TYPE.manifest }],
    ["not UTF-8", { ...contentOf(Buffer.from('{"a":"\xff\xfe"}', "latin1")), mediaType: TYPE.index }],
    ["null", text("null")],
    ["a list", text("[]")],
    ["a number", text("42")],
    ["an empty object", text("{}")],
    ["nested too deeply", text("[".repeat(200_000))],
    ["an image without schemaVersion", image({ schemaVersion: undefined })],
    ["an image of schemaVersion 7", image({ schemaVersion: 7 })],
    ["an image without config", image({ config: undefined })],
    ["an image whose layers are text", image({ layers: "all of them" })],
    ["an image whose layer has no digest", image({ layers: [{ mediaType: TYPE.layer, size: 3 }] })],
    ["an image whose layer has a bad digest", image({ layers: [{ ...descriptor, digest: "sha256:../../etc" }] })],
    ["an image whose layer has a negative size", image({ layers: [{ ...descriptor, size: -1 }] })],
    ["an image with a list of manifests", image({ manifests: [descriptor] })],
    ["an index with layers", makeIndex([], { layers: [] })],
    [
      "an index whose manifests are an object",
      makeManifest({ schemaVersion: 2, mediaType: TYPE.index, manifests: {} }),
    ],
    ["an index whose subject is text", makeIndex([], { subject: "that one" })],
    ["an image that calls itself an index", { ...image({}), mediaType: TYPE.index }],
    ["of a type that is no manifest's", makeIndex([], { mediaType: "text/html" })],
  ];
  test.each(CASES)("because it is %s is 400 MANIFEST_INVALID", async (_what, manifest) => {
    const name = freshName();
    for (const reference of ["latest", manifest.digest]) {
      expectError(await putManifest(registry.url, name, manifest, reference), 400, "MANIFEST_INVALID");
    }
    await expectAbsent(name, manifest, "latest");
  });

  test("does not take the place of the one that the tag has", async () => {
    const name = freshName();
    const good = makeIndex([]);
    await pushManifest(registry.url, name, good, "latest");
    expectError(await putManifest(registry.url, name, text("{}"), "latest"), 400, "MANIFEST_INVALID");
    expectError(await putManifest(registry.url, name, makeImage().manifest, "latest"), 400, "MANIFEST_BLOB_UNKNOWN");
    expect((await send("GET", manifestUrl(registry.url, name, "latest"))).bytes).toEqual(good.bytes);
  });
});

describe("a manifest that is too large", () => {
  const SIZE = 64 * 1024 * 1024;
  const large = new Uint8Array(SIZE).fill(0x20);

  test.each(["with its length", "in chunked transfer encoding"])("%s is 413", async (how) => {
    const headers = { "Content-Type": TYPE.manifest };
    const body = how === "with its length" ? large : inPieces(large);
    const url = manifestUrl(registry.url, freshName(), "latest");
    // The registry may answer and close before it has read everything: a client that is still sending sees a break.
    const reply = await send("PUT", url, { headers, body }).catch((error: unknown) => error);
    if (!(reply instanceof Error)) expectError(reply as Awaited<ReturnType<typeof send>>, 413);
    expect((await send("GET", `${registry.url}/v2/`)).status).toBe(200);
  });

  test.skipIf(isForeignRegistry)("does not fill the memory", async () => {
    const headers = { "Content-Type": TYPE.manifest };
    const url = manifestUrl(registry.url, freshName(), "latest");
    const pushes = Array.from({ length: 4 }, () =>
      send("PUT", url, { headers, body: inPieces(large) }).catch(() => null),
    );
    await Promise.all(pushes);
    const status = await readFile(`/proc/${registry.larder().pid}/status`, "utf8");
    const peakKiB = Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]);
    expect(peakKiB).toBeGreaterThan(0);
    expect(peakKiB).toBeLessThan(220 * 1024);
  });
});

test("the size in an index's descriptors is the pusher's own affair", async () => {
  const name = freshName();
  const image = makeImage();
  await pushImage(registry.url, name, image);
  const index = makeIndex([{ ...describeManifest(image.manifest), size: 1 }]);
  expect((await putManifest(registry.url, name, index)).status).toBe(201);
});
