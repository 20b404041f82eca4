import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { digestOf } from "../../oci/digest.ts";
import { parseManifest } from "../../oci/manifest.ts";
import { json, tarOf } from "../test-image.fixture.ts";
import { openFileSource } from "../transports.fixture.ts";

const [BASE, APP] = ["a".repeat(64), "b".repeat(64)];

let folder: string;
let layers: Record<string, Uint8Array>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-ancient-"));
  layers = { base: await tarOf({ "bin/sh": "#!" }), app: await tarOf({ "app.txt": "app" }) };
});
afterAll(() => rm(folder, { recursive: true }));

/** As Docker 1.9 saved two images, of which one is the other's parent. */
function saved(): Record<string, Uint8Array | string> {
  const [base = new Uint8Array(), app = new Uint8Array()] = [layers["base"], layers["app"]];
  const shared = { created: "2015-10-01T00:00:00Z", os: "linux", architecture: "amd64", docker_version: "1.9.1" };
  return {
    [`${APP}/VERSION`]: "1.0",
    [`${APP}/json`]: json({ ...shared, id: APP, parent: BASE, config: { Cmd: ["/app"] }, Size: 3 }),
    [`${APP}/layer.tar`]: app,
    [`${BASE}/json`]: json({ ...shared, id: BASE, container_config: { Cmd: ["/bin/sh", "-c", "#(nop) ADD"] } }),
    [`${BASE}/layer.tar`]: base,
    repositories: json({ "quay.io/team/app": { latest: APP, "1.0": APP }, busybox: { "1.24": BASE } }),
  };
}

async function open(files: Record<string, Uint8Array | string>, label = "") {
  const path = join(folder, `${crypto.randomUUID()}.tar`);
  await Bun.write(path, await tarOf(files));
  return openFileSource(`docker-archive:${path}${label}`, folder);
}

async function readImages(files: Record<string, Uint8Array | string>, label = "") {
  const source = await open(files, label);
  try {
    return await Promise.all(
      (await source.images()).map(async ({ name, digest }) => {
        const content = await source.manifest(digest);
        const manifest = parseManifest(content?.bytes ?? new Uint8Array(), content?.mediaType ?? "");
        if (manifest.config === null) throw new Error("it has no config");
        const blob = await source.blob(manifest.config);
        const config: unknown = await new Response(await blob?.stream(0)).json();
        return { name, digest, config, layers: manifest.layers.map((layer) => layer.digest) };
      }),
    );
  } finally {
    await source.close();
  }
}

test("the images of an archive from before Docker 1.10 are read, the parents' layers below their own", async () => {
  const [base, app] = [digestOf(layers["base"] ?? ""), digestOf(layers["app"] ?? "")];
  const images = await readImages(saved());
  expect(images.map((image) => [image.name, image.layers])).toEqual([
    ["quay.io/team/app:latest", [base, app]],
    ["quay.io/team/app:1.0", [base, app]],
    ["busybox:1.24", [base]],
  ]);
  const created = "2015-10-01T00:00:00Z";
  expect(images[0]?.config).toEqual({
    architecture: "amd64",
    os: "linux",
    created,
    docker_version: "1.9.1",
    config: { Cmd: ["/app"] },
    rootfs: { type: "layers", diff_ids: [base, app] },
    history: [{ created, created_by: "/bin/sh -c #(nop) ADD" }, { created }],
  });
  const again = await readImages(saved(), ":quay.io/team/app:1.0");
  expect(again.map(({ digest }) => digest)).toEqual([images[1]?.digest ?? ("" as never)]);
});

test("a compressed layer of such an archive counts by what it holds", async () => {
  const files = { ...saved(), [`${BASE}/layer.tar`]: gzipSync(layers["base"] ?? "") };
  const [image] = await readImages(files, ":busybox:1.24");
  expect(image?.config).toHaveProperty("rootfs.diff_ids", [digestOf(layers["base"] ?? "")]);
});

const damages: readonly [string, Record<string, Uint8Array | string>, RegExp][] = [
  ["no image", { repositories: "{}" }, /holds no image/],
  ["names that are no names", { repositories: "[1]" }, /repositories is not valid/],
  ["an ID that is a path", { repositories: json({ a: { b: "../../etc" } }) }, /"..\/..\/etc" is no layer's ID/],
  ["JSON that is too long", { [`${BASE}/json`]: new Uint8Array(2 ** 20 + 1) }, /json in .* has 1048577 bytes/],
  ["parents in a ring", { [`${BASE}/json`]: json({ parent: APP }) }, /its layers are each other's parents/],
  ["a parent that is missing", { [`${BASE}/json`]: json({ parent: "c".repeat(64) }) }, /lacks c{64}\/json/],
];

test("an archive from before Docker 1.10 that lacks a layer is refused", async () => {
  const { [`${BASE}/layer.tar`]: _, ...files } = saved();
  await expect(readImages(files)).rejects.toThrow(/lacks a{64}\/layer.tar/);
});

for (const [what, damage, message] of damages) {
  test(`an archive from before Docker 1.10 with ${what} is refused`, async () => {
    await expect(readImages({ ...saved(), ...damage })).rejects.toThrow(message);
  });
}
