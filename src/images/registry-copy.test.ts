import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requirement } from "../../test/requirement.ts";
import { digestOf, tryParseDigest } from "../oci/digest.ts";
import { parseManifest } from "../oci/manifest.ts";
import { MEDIA_TYPE } from "../oci/media-type.ts";
import { parseReference } from "../oci/reference.ts";
import { referrersTag } from "../oci/referrers-tag.ts";
import { parseRepositoryPath, type RepositoryPath } from "../oci/repository-name.ts";
import { parseTag } from "../oci/tag.ts";
import { type DockerRegistry, startDockerRegistry } from "../upstream/docker-registry.fixture.ts";
import { clientOf } from "../upstream/registry.fixture.ts";
import { registrySink } from "./registry/registry-sink.ts";
import { registrySource } from "./registry/registry-source.ts";
import { json, type TestImage, testImage, testIndex, testManifest, writeLayout } from "./test-image.fixture.ts";
import { copyEverything, openFileSink, openFileSource } from "./transports.fixture.ts";

const lab = requirement("docker-registry");
const NEVER = new AbortController().signal;

describe.skipIf(!lab.met)("a registry", () => {
  let folder: string;
  let registry: DockerRegistry;
  let image: TestImage;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "larder-registry-"));
    registry = await startDockerRegistry({ kind: "none" });
    image = await testImage(["one ".repeat(100_000), "two"]);
    await writeLayout(join(folder, "app"), [{ image, name: "app:1" }]);
  });
  afterAll(async () => {
    await registry.stop();
    await rm(folder, { recursive: true });
  });

  const sourceOf = (name: string, url = registry.url) =>
    registrySource(clientOf(url), parseReference(`registry.test/${name}`), NEVER);
  const sinkOf = (name: string, mountFrom: RepositoryPath | null = null) =>
    registrySink(clientOf(registry.url), parseReference(`registry.test/${name}`), mountFrom, NEVER);
  const layout = (name: string) => openFileSource(`oci:${join(folder, name)}`, folder);
  const exists = async (name: string, reference: string) => {
    const key = tryParseDigest(reference) ?? parseTag(reference);
    return (await clientOf(registry.url).headManifest(parseRepositoryPath(name), key)) !== null;
  };

  test("an image goes in and comes out with its digest, and the second time nothing is sent", async () => {
    const [pushed] = await copyEverything(layout("app"), sinkOf("team/app:1"));
    expect(pushed).toMatchObject({ name: "registry.test/team/app:1", digest: image.root.digest, blobs: { copied: 3 } });
    const [again] = await copyEverything(layout("app"), sinkOf("team/app:2"));
    expect(again?.blobs).toEqual({ present: 3, mounted: 0, copied: 0 });
    const [pulled] = await copyEverything(sourceOf("team/app:2"), openFileSink(`oci:${join(folder, "pulled")}`));
    expect(pulled).toMatchObject({ name: "registry.test/team/app:2", digest: image.root.digest });
  });

  test("from one repository of a registry to another, blobs are mounted", async () => {
    await copyEverything(layout("app"), sinkOf("from/app:1"));
    const [copied] = await copyEverything(sourceOf("from/app:1"), sinkOf("to/app:1", parseRepositoryPath("from/app")));
    expect(copied?.blobs).toEqual({ present: 0, mounted: 3, copied: 0 });
    expect(copied?.bytesCopied).toBe(0);
  });

  test("an index goes in with all that it lists, or as the one platform that is chosen", async () => {
    const [amd64, arm64] = [
      { os: "linux", architecture: "amd64" },
      { os: "linux", architecture: "arm64" },
    ];
    const other = await testImage(["arm"], arm64);
    const index = testIndex([
      { image, platform: amd64 },
      { image: other, platform: arm64 },
    ]);
    await writeLayout(join(folder, "index"), [{ image: index, name: null }]);
    const [whole] = await copyEverything(layout("index"), sinkOf("index:all"));
    expect(whole).toMatchObject({ digest: index.root.digest, manifests: 3 });
    const platforms = { kind: "only", platforms: [arm64] } as const;
    const [part] = await copyEverything(sourceOf("index:all"), sinkOf("index:arm"), { platforms });
    expect(part?.digest).toBe(other.root.digest);
  });

  test("an image that is asked for by its digest comes without a name", async () => {
    await copyEverything(layout("app"), sinkOf("digest/app:1"));
    const source = sourceOf(`digest/app@${image.root.digest}`);
    expect(await source.images()).toEqual([{ name: null, digest: image.root.digest, isBuilt: false }]);
    await expect(copyEverything(source, sinkOf(`digest/app@${digestOf("other")}`))).rejects.toThrow(
      "cannot hold an image",
    );
  });

  test("a registry without a referrers API gets a referrers tag, by which referrers go on to the next", async () => {
    const [sbom, signature] = ["sbom", "signature"].map((kind) =>
      testManifest(json({ kind }), [], { subject: image.root, artifactType: `example/${kind}` }),
    );
    const cosign = testManifest(json({ cosign: 1 }), []);
    const tag = parseTag(image.root.digest.replace(":", "-"));
    if (sbom === undefined || signature === undefined) throw new Error("two manifests");
    await writeLayout(join(folder, "signed"), [
      { image, name: "app:1" },
      { image: sbom, name: null },
      { image: signature, name: null },
      { image: cosign, name: `${tag}.sig` },
    ]);
    const named = () => openFileSource(`oci:${join(folder, "signed")}:app:1`, folder);
    const [pushed] = await copyEverything(named(), sinkOf("signed/app:1"), { referrers: true });
    expect(pushed?.referrers).toBe(3);
    const listed = await clientOf(registry.url).getManifest(parseRepositoryPath("signed/app"), tag);
    expect(parseManifest(listed?.bytes ?? new Uint8Array(), null).manifests).toMatchObject([
      { digest: sbom.root.digest, artifactType: "example/sbom" },
      { digest: signature.root.digest, artifactType: "example/signature" },
    ]);
    const [onward] = await copyEverything(sourceOf("signed/app:1"), sinkOf("onward/app:1"), { referrers: true });
    expect(onward?.referrers).toBe(3);
    expect(await exists("onward/app", `${tag}.sig`)).toBe(true);
    expect(await exists("onward/app", signature.root.digest)).toBe(true);
  });

  test("what refers to a sha512 digest goes into such a registry and comes back, under a tag that is cut", async () => {
    const bytes = image.files.get(image.root.digest) ?? new Uint8Array();
    const subject = { ...image.root, digest: digestOf(bytes, "sha512") };
    const sbom = testManifest(json({ kind: "sbom" }), [], { subject, artifactType: "example/sbom" });
    const long: TestImage = { root: subject, files: new Map([...image.files, [subject.digest, bytes]]) };
    await writeLayout(join(folder, "long"), [
      { image: long, name: "app:1" },
      { image: sbom, name: null },
    ]);
    const named = await openFileSource(`oci:${join(folder, "long")}:app:1`, folder);
    const [pushed] = await copyEverything(named, sinkOf("long/app:1"), { referrers: true });
    expect(pushed?.referrers).toBe(1);
    const { tags } = (await (await fetch(`${registry.url}/v2/long/app/tags/list`)).json()) as { tags: string[] };
    expect(tags.toSorted()).toEqual(["1", `sha512-${subject.digest.slice(7, 71)}`]);

    const back = sourceOf("long/app:1");
    expect(await back.referrers(subject.digest)).toEqual([{ digest: sbom.root.digest, tag: null }]);
    // The layout keeps the referrer under the tag alone: its index names what is listed there.
    const listed = await clientOf(registry.url).getManifest(
      parseRepositoryPath("long/app"),
      referrersTag(subject.digest),
    );
    const index: TestImage = {
      root: { mediaType: MEDIA_TYPE.ociIndex, digest: digestOf(listed?.bytes ?? ""), size: listed?.bytes.length ?? 0 },
      files: new Map([...sbom.files, [digestOf(listed?.bytes ?? ""), listed?.bytes ?? new Uint8Array()]]),
    };
    await writeLayout(join(folder, "tagged"), [
      { image: long, name: "app:1" },
      { image: index, name: referrersTag(subject.digest) },
    ]);
    const tagged = await openFileSource(`oci:${join(folder, "tagged")}`, folder);
    expect(await tagged.images()).toMatchObject([{ name: "app:1", digest: subject.digest }]);
    expect(await tagged.referrers(subject.digest)).toEqual([{ digest: sbom.root.digest, tag: null }]);
  });

  test("what is damaged or incomplete leaves no tag in the registry", async () => {
    const broken = await testImage(["good", "bad"]);
    await writeLayout(join(folder, "broken"), [{ image: broken, name: null }]);
    const layer = parseManifest(broken.files.get(broken.root.digest) ?? new Uint8Array(), null).layers[1];
    const file = Bun.file(join(folder, "broken", "blobs", "sha256", layer?.digest.slice(7) ?? ""));
    await file.write(Buffer.from(await file.bytes()).fill(0, 12, 13));
    await expect(copyEverything(layout("broken"), sinkOf("broken/app:1"))).rejects.toThrow(`${layer?.digest} of oci:`);
    await file.delete();
    await expect(copyEverything(layout("broken"), sinkOf("broken/app:1"))).rejects.toThrow("is incomplete");
    expect(await exists("broken/app", "1")).toBe(false);
    expect(await exists("broken/app", broken.root.digest)).toBe(false);
  });

  test("an image that is not there is an error that names it", async () => {
    await expect(copyEverything(sourceOf("no/such:1"), sinkOf("x:1"))).rejects.toThrow(
      "docker://registry.test/no/such:1 does not exist",
    );
  });

  test("a download that breaks again and again goes on where it was", async () => {
    await copyEverything(layout("app"), sinkOf("flaky/app:1"));
    const large = parseManifest(image.files.get(image.root.digest) ?? new Uint8Array(), null).layers[0];
    const proxy = await breakingProxy(registry.url, Math.ceil((large?.size ?? 0) / 3));
    try {
      const [copied] = await copyEverything(
        sourceOf("flaky/app:1", proxy.url),
        openFileSink(`oci:${join(folder, "flaky")}`),
      );
      expect(copied?.digest).toBe(image.root.digest);
      expect(proxy.breaks()).toBeGreaterThan(1);
    } finally {
      proxy.stop();
    }
  });
});

/** Passes requests on to `target`, and breaks each answer off behind `limit` bytes of its body. */
async function breakingProxy(target: string, limit: number) {
  let breaks = 0;
  const pass = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { range, accept } = request.headers;
    const headers = { ...(range === undefined ? {} : { range }), ...(accept === undefined ? {} : { accept }) };
    const answer = await fetch(`${target}${request.url}`, {
      method: request.method ?? "GET",
      headers,
      decompress: false,
    });
    const bytes = await answer.bytes();
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    if (bytes.length <= limit) return void response.end(bytes);
    breaks += 1;
    response.write(bytes.subarray(0, limit));
    // What was sent has to arrive before the connection is reset.
    await Bun.sleep(50);
    response.socket?.destroy();
  };
  const server = createServer((request, response) => void pass(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, breaks: () => breaks, stop: () => server.close() };
}
