/** docker.io's names of one component are those of `library/`, however they are spelled, in all that can be asked. */
import { describe, expect, test } from "bun:test";
import { describeManifest, type Image, makeArtifact, makeBlob, makeImage } from "./content-factory.ts";
import { finishUpload, locationOf, pushBlob, pushImage, putManifest, send, withQuery } from "./registry-client.ts";
import { registryUnderTest } from "./registry-under-test.ts";
import { ask, expectPull, freshComponent, type Way } from "./ways-of-asking.ts";

const registry = registryUnderTest();

const WAYS: [string, Way][] = [
  ["?ns=docker.io", { ns: "docker.io" }],
  ["?ns=registry.hub.docker.com", { ns: "registry.hub.docker.com" }],
  ["the host docker.io", { host: "docker.io" }],
  ["the host registry-1.docker.io:443", { host: "registry-1.docker.io:443" }],
  ["the host registry.hub.docker.com", { host: "registry.hub.docker.com" }],
  ["the prefix docker.io/", { prefix: "docker.io/" }],
  ["the prefix index.docker.io/", { prefix: "index.docker.io/" }],
  ["the prefix registry.hub.docker.com/", { prefix: "registry.hub.docker.com/" }],
  ["the path /docker.io/v2/", { before: "/docker.io" }],
  ["the path /registry.hub.docker.com/v2/", { before: "/registry.hub.docker.com" }],
];

async function push(fullName: string, tag: string): Promise<Image> {
  const image = makeImage();
  await pushImage(registry.url, fullName, image, tag);
  return image;
}

describe.each(WAYS)("a name of one component by %s", (_how, way) => {
  test("is pulled as the library's", async () => {
    const name = freshComponent();
    const image = await push(`docker.io/library/${name}`, "1");
    await expectPull(registry.url, way, name, "1", image);
    await expectPull(registry.url, way, `library/${name}`, "1", image);
    const tags = await ask(registry.url, way, `${name}/tags/list`);
    expect(JSON.parse(tags.text)).toEqual({ name: `${way.prefix ?? ""}${name}`, tags: ["1"] });
  });

  test("is pushed to the library, by sessions, mounts and manifests, and its Locations lead there", async () => {
    const name = freshComponent();
    const image = makeImage();
    const headers: Record<string, string> = way.host === undefined ? {} : { Host: way.host };
    const [mounted, ...sent] = image.blobs;
    const source = freshComponent();
    if (mounted !== undefined) await pushBlob(registry.url, `docker.io/library/${source}`, mounted);
    const from = encodeURIComponent(`${way.prefix ?? ""}${source}`);
    const mount = await ask(registry.url, way, `${name}/blobs/uploads/?mount=${mounted?.digest}&from=${from}`, "POST");
    expect(mount.status).toBe(201);
    for (const blob of sent) {
      const session = locationOf(await ask(registry.url, way, `${name}/blobs/uploads/`, "POST"), registry.url);
      const put = await send("PUT", withQuery(session, "digest", blob.digest), { headers, body: blob.bytes });
      expect(put.status, put.text).toBe(201);
      expect((await send("GET", locationOf(put, registry.url), { headers })).bytes).toEqual(blob.bytes);
    }
    const url = `${registry.url}${way.before ?? ""}/v2/${way.prefix ?? ""}${name}/manifests/dev`;
    const put = await send("PUT", way.ns === undefined ? url : withQuery(url, "ns", way.ns), {
      headers: { ...headers, "Content-Type": image.manifest.mediaType },
      body: image.manifest.bytes,
    });
    expect(put.status, put.text).toBe(201);
    expect((await send("GET", locationOf(put, registry.url), { headers })).bytes).toEqual(image.manifest.bytes);
    await expectPull(registry.url, { ns: "docker.io" }, `library/${name}`, "dev", image);
    await expectPull(registry.url, {}, name, "dev", image);
  });

  test("is deleted from the library, and asked for referrers there", async () => {
    const name = freshComponent();
    const image = await push(`docker.io/library/${name}`, "1");
    const signature = makeArtifact("application/vnd.example.signature", { subject: describeManifest(image.manifest) });
    await pushImage(registry.url, `docker.io/library/${name}`, signature);
    const referrers = await ask(registry.url, way, `${name}/referrers/${image.manifest.digest}`);
    expect(referrers.text).toContain(signature.manifest.digest);
    expect((await ask(registry.url, way, `${name}/manifests/1`, "DELETE")).status).toBe(202);
    expect((await ask(registry.url, { ns: "docker.io" }, `library/${name}/manifests/1`)).status).toBe(404);
  });
});

test("what was pushed to docker.io/NAME is listed under its full name", async () => {
  const name = freshComponent();
  await push(`docker.io/${name}`, "dev");
  const all = JSON.parse((await send("GET", `${registry.url}/v2/_catalog`)).text) as { repositories: string[] };
  expect(all.repositories).toContain(`docker.io/library/${name}`);
  expect(all.repositories).not.toContain(`docker.io/${name}`);
  const own = await send("GET", `${registry.url}/v2/_catalog?ns=registry.hub.docker.com`);
  expect((JSON.parse(own.text) as { repositories: string[] }).repositories).toContain(`library/${name}`);
});

test("a session of docker.io/NAME goes on under its full name", async () => {
  const name = freshComponent();
  const session = locationOf(
    await ask(registry.url, { prefix: "docker.io/" }, `${name}/blobs/uploads/`, "POST"),
    registry.url,
  );
  const blob = makeBlob();
  const full = session.replace(`docker.io/${name}`, `docker.io/library/${name}`);
  expect((await finishUpload(full, blob.digest, blob.bytes)).status).toBe(201);
});

test("a name of one component stays what it is in other registries, and in larder's own", async () => {
  const name = freshComponent();
  const image = await push(`quay.io/${name}`, "1");
  await expectPull(registry.url, { ns: "quay.io" }, name, "1", image);
  expect((await ask(registry.url, { ns: "quay.io" }, `library/${name}/manifests/1`)).status).toBe(404);
});

test("the longest names of larder's own are pushed and pulled, though docker.io's library has no such name", async () => {
  const name = `${freshComponent()}-`.padEnd(252, "a");
  const image = makeImage();
  await pushImage(registry.url, name, image);
  expect((await putManifest(registry.url, name, image.manifest, "1")).status).toBe(201);
  await expectPull(registry.url, {}, name, "1", image);
  expect((await ask(registry.url, { ns: "docker.io" }, `${name}/manifests/1`)).status).toBe(400);
});
