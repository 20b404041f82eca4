import { describe, expect, test } from "bun:test";
import { type Image, makeBlob, makeImage } from "./content-factory.ts";
import { finishUpload, locationOf, pushImage, send, withQuery } from "./registry-client.ts";
import { registryUnderTest } from "./registry-under-test.ts";
import { ask, expectPull, freshComponent, type Way } from "./ways-of-asking.ts";

const registry = registryUnderTest();

async function push(fullName: string, tag: string): Promise<Image> {
  const image = makeImage();
  await pushImage(registry.url, fullName, image, tag);
  return image;
}

describe("a push", () => {
  test.each<[string, Way]>([
    ["by the host quay.io", { host: "quay.io" }],
    ["by the path /quay.io/v2/", { before: "/quay.io" }],
    ["by the prefix quay.io/", { prefix: "quay.io/" }],
    ["by ?ns=quay.io", { ns: "quay.io" }],
  ])("%s ends in that namespace, and its Locations lead there", async (_how, way) => {
    const path = `team/${freshComponent()}`;
    const image = makeImage();
    const headers: Record<string, string> = way.host === undefined ? {} : { Host: way.host };
    for (const blob of image.blobs) {
      const session = locationOf(await ask(registry.url, way, `${path}/blobs/uploads/`, "POST"), registry.url);
      const url = withQuery(session, "digest", blob.digest);
      const put = await send("PUT", url, { headers, body: blob.bytes });
      expect(put.status, put.text).toBe(201);
      expect((await send("GET", locationOf(put, registry.url), { headers })).bytes).toEqual(blob.bytes);
    }
    const base = `${registry.url}${way.before ?? ""}/v2/${way.prefix ?? ""}${path}/manifests/1.0`;
    const put = await send("PUT", way.ns === undefined ? base : withQuery(base, "ns", way.ns), {
      headers: { ...headers, "Content-Type": image.manifest.mediaType },
      body: image.manifest.bytes,
    });
    expect(put.status, put.text).toBe(201);
    expect((await send("GET", locationOf(put, registry.url), { headers })).bytes).toEqual(image.manifest.bytes);
    await expectPull(registry.url, { prefix: "quay.io/" }, path, "1.0", image);
    expect((await ask(registry.url, { ns: "docker.io" }, `${path}/manifests/1.0`)).status).toBe(404);
  });

  test("mounts from another repository of the same host", async () => {
    const [source, target] = [`team/${freshComponent()}`, `team/${freshComponent()}`];
    const image = await push(`quay.io/${source}`, "1.0");
    const [blob] = image.blobs;
    const query = `mount=${blob?.digest}&from=${encodeURIComponent(source)}`;
    const reply = await ask(registry.url, { host: "quay.io" }, `${target}/blobs/uploads/?${query}`, "POST");
    expect(reply.status, reply.text).toBe(201);
    expect((await ask(registry.url, { ns: "quay.io" }, `${target}/blobs/${blob?.digest}`, "HEAD")).status).toBe(200);
  });

  test("has a session that is 404 in the other namespace", async () => {
    const path = `team/${freshComponent()}`;
    const session = locationOf(
      await ask(registry.url, { prefix: "quay.io/" }, `${path}/blobs/uploads/`, "POST"),
      registry.url,
    );
    const blob = makeBlob();
    expect((await finishUpload(session.replace("quay.io", "docker.io"), blob.digest, blob.bytes)).status).toBe(404);
  });
});
