/** `larder ls`, `inspect` and `rm`: what is in the larder. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { manifestUrl, pushImage, send } from "../conformance/registry-client.ts";
import { requirement } from "../requirement.ts";
import { LARDER } from "./run-larder.ts";
import { TestSite, publish, publishMulti, smallImage } from "./test-site.ts";

const lab = requirement("docker-registry");

describe.skipIf(!lab.met)("what is in the larder", () => {
  let site: TestSite;
  beforeAll(async () => {
    site = await TestSite.open();
  });
  afterAll(() => site.close());
  const list = async (...argv: string[]) =>
    JSON.parse((await site.run("ls", "--json", ...argv)).output) as Record<string, unknown>[];

  test("ls says on stderr that there is nothing yet", async () => {
    const { status, output, errors } = await site.run("ls");
    expect({ status, output }).toEqual({ status: 0, output: "" });
    expect(errors).toContain("holds no images yet");
  });

  test("ls tells name, kind, time, and the size and platforms of what is really here", async () => {
    const before = Date.now();
    const { index, images } = await publishMulti(site.upstream.url, "library/listed", "1", [
      "linux/amd64",
      "linux/arm64",
    ]);
    // As a client would that only looks: the manifests come, and no blob.
    await send("GET", manifestUrl(site.larder.url, "docker.io/library/listed", "1"));
    for (const { manifest } of Object.values(images)) {
      await send("GET", manifestUrl(site.larder.url, "docker.io/library/listed", manifest.digest));
    }
    const manifests =
      index.bytes.length + Object.values(images).reduce((sum, one) => sum + one.manifest.bytes.length, 0);
    expect(await list("listed")).toMatchObject([
      { image: "docker.io/library/listed:1", kind: "cached", sizeBytes: manifests, platforms: [] },
    ]);
    await site.run("cache", "--platform", "linux/arm64", "listed:1");
    const blobs = images["linux/arm64"]?.blobs.reduce((sum, { bytes }) => sum + bytes.length, 0) ?? 0;
    const [row] = await list("listed");
    expect(row).toMatchObject({ sizeBytes: manifests + blobs, platforms: ["linux/arm64"] });
    expect(Date.parse(String(row?.["updatedAt"]))).toBeWithin(before, Date.now() + 1);
    const table = (await site.run("ls", ":1")).output;
    expect(table).toMatch(
      /^IMAGE +SIZE +CAME \(UTC\) +PULLED +KIND +PLATFORMS\ndocker\.io\/library\/listed:1 .*linux\/arm64\n$/,
    );
  });

  test("ls names one's own images local/, and reads the platform of a single image from its config", async () => {
    await pushImage(site.larder.url, "mine", smallImage("linux/riscv64"), "1");
    expect(await list("local/")).toMatchObject([
      { image: "local/mine:1", kind: "pushed", platforms: ["linux/riscv64"] },
    ]);
  });

  test("inspect shows digest, platforms that are here, layers and config, and asks no upstream", async () => {
    const { images } = await publishMulti(site.upstream.url, "library/shown", "1", ["linux/amd64", "linux/arm64"]);
    const absent = await site.run("inspect", "shown:1");
    expect(absent).toMatchObject({ status: 1, output: "" });
    expect(absent.errors).toContain("`larder cache docker.io/library/shown:1` brings it");
    // Nobody else could have it.
    const own = await site.run("inspect", "local/shown:1");
    expect([own.status, own.errors]).toEqual([1, expect.stringContaining("; push it with `larder upload`")]);
    await site.run("cache", "--platform", "linux/arm64", "shown:1");
    const index = (await site.run("inspect", "shown:1")).output;
    expect(index).toMatch(/linux\/amd64 +sha256:[0-9a-f]{64} +not here\n/);
    expect(index).toMatch(/linux\/arm64 +sha256:[0-9a-f]{64}\n/);
    const one = images["linux/arm64"];
    const named = `shown@${one?.manifest.digest}`;
    const image = (await site.run("inspect", named)).output;
    expect(image).toContain("platform   linux/arm64\n");
    expect(image).toContain('runs       /app "serve me"\n');
    expect(image).toContain(one?.blobs[1]?.digest ?? "-");
    const json = JSON.parse((await site.run("inspect", "--json", named)).output) as Record<string, unknown>;
    expect(json).toMatchObject({ digest: one?.manifest.digest, config: { os: "linux", architecture: "arm64" } });
  });

  test("inspect --raw is the manifest byte for byte", async () => {
    const image = smallImage();
    // Whitespace and a byte order mark are part of what the digest is of.
    const bytes = new Uint8Array(
      new TextEncoder().encode(`\ufeff${new TextDecoder().decode(image.manifest.bytes)}\n\n`),
    );
    await pushImage(site.larder.url, "raw", { ...image, manifest: { ...image.manifest, bytes } }, "1");
    const argv = [LARDER, "inspect", "--raw", "--registry", site.larder.url, "raw:1"];
    expect(await Bun.spawn(argv).stdout.bytes()).toEqual(bytes);
  });

  test("rm takes one's own build first, which uncovers the cached image, and then that", async () => {
    const upstream = await publish(site.upstream.url, "library/covered", "1");
    await site.run("cache", "covered:1");
    await pushImage(site.larder.url, "docker.io/library/covered", smallImage(), "1");
    const first = await site.run("rm", "docker.io/library/covered:1");
    expect(first).toMatchObject({ status: 0, output: "" });
    expect(first.errors).toContain("the cached one of that name answers again");
    const [row] = await list("covered");
    expect(row).toMatchObject({ digest: upstream.manifest.digest, kind: "cached" });
    expect((await site.run("rm", "covered:1")).errors).toBe("docker.io/library/covered:1: removed\n");
    const third = await site.run("rm", "covered:1");
    expect(third).toMatchObject({ status: 1, errors: "covered:1: not there\n" });
  });

  test("rm finds a build of one's own by the name that it was pushed by, and images by digest", async () => {
    const image = smallImage();
    await pushImage(site.larder.url, "gone", image, "1");
    await pushImage(site.larder.url, "gone", image, "2");
    expect((await site.run("rm", "gone:1")).errors).toBe("local/gone:1: removed\n");
    expect(await list("gone")).toHaveLength(1);
    const { status, output } = await site.run("rm", "--json", `gone@${image.manifest.digest}`);
    expect(status).toBe(0);
    expect(JSON.parse(output)).toMatchObject([{ image: `local/gone@${image.manifest.digest}`, status: "removed" }]);
    expect(await list("gone")).toEqual([]);
    const freed = await site.run("gc", "--grace", "0s", "--json");
    expect(JSON.parse(freed.output)).toMatchObject({ manifests: expect.any(Number) as number });
  });
});
