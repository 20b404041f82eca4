/** `larder cache`: bringing images before anyone pulls them, by larder or, when it cannot, from here. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startLarder } from "../conformance/larder-process.ts";
import { describeManifest, makeArtifact } from "../conformance/content-factory.ts";
import { manifestUrl, pushImage, send } from "../conformance/registry-client.ts";
import { requirement } from "../requirement.ts";
import { hostOf, TestSite, nearName, publish, publishMulti, smallImage } from "./test-site.ts";
import { LARDER, runLarder } from "./run-larder.ts";
import { runInTerminal } from "./terminal.ts";

const lab = requirement("docker-registry");
const terminal = requirement("docker-registry", "script");

describe.skipIf(!lab.met)("larder cache", () => {
  let site: TestSite;
  beforeAll(async () => {
    site = await TestSite.open();
  });
  afterAll(() => site.close());

  test("brings several images, a line each on stdout and how it went on stderr", async () => {
    const [one, two] = [
      await publish(site.upstream.url, "library/one", "1"),
      await publish(site.upstream.url, "org/two", "1"),
    ];
    const { status, output, errors } = await site.run("cache", "one:1", "quay.io/org/two:1");
    expect(status).toBe(0);
    const [first = "", second = ""] = output.split("\n");
    expect(first).toMatch(new RegExp(`^docker.io/library/one:1\t${one.manifest.digest}\t.* fetched$`));
    expect(second).toMatch(new RegExp(`^quay.io/org/two:1\t${two.manifest.digest}\t.* fetched$`));
    expect(errors).toContain("one:1 sha256:");
    expect(errors).not.toContain("\x1b");
    expect((await site.run("cache", "one:1")).output).toContain("already there");
  });

  test("brings the others when one fails, and exits with 1", async () => {
    await publish(site.upstream.url, "library/good", "1");
    const { status, output, errors } = await site.run("cache", "absent:1", "good:1");
    expect(status).toBe(1);
    expect(output).toStartWith("docker.io/library/good:1\t");
    expect(errors).toContain("larder: docker.io/library/absent:1: is neither here nor at docker.io\n");
  });

  test("knows that there is nothing to fetch local/ from", async () => {
    const { status, errors } = await site.run("cache", "local/mine:1");
    expect(status).toBe(1);
    expect(errors).toContain("larder upload");
  });

  test.skipIf(!terminal.met)("draws bars on a terminal", async () => {
    const image = smallImage();
    await pushImage(site.upstream.url, "library/bars", image, "1");
    const shown = await runInTerminal([LARDER, "cache", "bars:1"], { LOCAL_REGISTRY: hostOf(site.larder.url) });
    expect(shown).toContain("bars:1 sha256:");
    expect(shown).toContain("[------------------------]");
    expect(shown).toContain("\x1b[");
    expect(shown).toContain(image.manifest.digest);
  });
});

describe.skipIf(!lab.met)("larder cache, when larder cannot reach the registry", () => {
  /** Reachable from here by its name; larder is sent to another one, and to a name server that is not there. */
  let site: TestSite;
  let name: string;
  let cutOff: Awaited<ReturnType<typeof startLarder>>;
  beforeAll(async () => {
    site = await TestSite.open();
    name = nearName(site.upstream);
    cutOff = await startLarder({
      arguments: ["--upstream", `${name}=http://registry.invalid`, "--resolver", "127.0.0.1:9"],
    });
  });
  afterAll(async () => {
    await cutOff.stop();
    await site.close();
  });
  const larder = (...argv: string[]) => runLarder(hostOf(cutOff.url), argv);

  test("copies an index byte for byte with one platform and its signature, as a cached tag", async () => {
    const { index, images } = await publishMulti(site.upstream.url, "app", "1", ["linux/amd64", "linux/arm64"]);
    const signature = makeArtifact("application/vnd.example.signature");
    await pushImage(site.upstream.url, "app", signature, `${index.digest.replace(":", "-")}.sig`);
    const { status, output, errors } = await larder("cache", "--platform", "linux/arm64", `${name}/app:1`);
    expect(status, errors).toBe(0);
    expect(output).toContain(index.digest);
    expect(errors).toContain("it was copied from here");
    const rows = JSON.parse((await larder("ls", "--json")).output) as { image: string; kind: string }[];
    expect(rows).toMatchObject([
      { image: `${name}/app:1`, digest: index.digest, kind: "cached", platforms: ["linux/arm64"] },
    ]);
    // What is attached to it is no image of its own.
    const attached = JSON.parse((await larder("ls", "sha256-", "--json")).output) as unknown;
    expect(attached).toMatchObject([{ image: `${name}/app:${index.digest.replace(":", "-")}.sig`, kind: "cached" }]);
    const pulled = await send("GET", manifestUrl(cutOff.url, `${name}/app`, index.digest));
    expect(pulled.bytes).toEqual(index.bytes);
    expect((await larder("has", "--platform", "linux/arm64", `${name}/app@${index.digest}`)).status).toBe(0);
    const amd64 = images["linux/amd64"];
    expect(amd64).toBeDefined();
    const absent = await send("GET", manifestUrl(cutOff.url, `${name}/app`, amd64?.manifest.digest ?? ""));
    expect(absent.status).not.toBe(200);
  });

  test("says both reasons when this machine cannot get the image either", async () => {
    const { status, errors } = await larder("cache", `${name}/absent:1`);
    expect(status).toBe(1);
    expect(errors).toMatch(/could not be fetched.*; and from here: .*does not exist/s);
  });
});

describe.skipIf(!lab.met)("larder cache, when larder is offline", () => {
  test("is content with what is there, copies what this machine can get, and fails for the rest", async () => {
    const site = await TestSite.open();
    try {
      const name = nearName(site.upstream);
      await publish(site.upstream.url, "library/kept", "1");
      const other = await publish(site.upstream.url, "other", "1");
      await site.run("cache", "kept:1");
      expect((await site.run("offline", "on")).output).toBe("on\n");
      const kept = await site.run("cache", "kept:1");
      expect(kept).toMatchObject({ status: 0, output: expect.stringContaining("already there") as string });
      expect(kept.errors).toContain("larder is offline");
      const copied = await site.run("cache", `${name}/other:1`);
      expect(copied.output).toContain(other.manifest.digest);
      expect((await site.run("has", `${name}/other:1`)).status).toBe(0);
      const failed = await site.run("cache", `${name}/absent:1`);
      expect(failed.status).toBe(1);
      expect(failed.errors).toContain("larder offline off");
      // Here, switching would not help.
      const { errors } = await site.run("cache", "127.0.0.1:9/absent:1");
      expect(errors).toContain("larder is offline, and does not stand in for 127.0.0.1:9");
      expect(errors).not.toContain("larder offline off");
    } finally {
      await site.close();
    }
  });
});

describe.skipIf(!lab.met)("larder cache of an image by its digest", () => {
  test("brings just that image, whatever its tag says", async () => {
    const site = await TestSite.open();
    try {
      const { index } = await publishMulti(site.upstream.url, "library/pinned", "1", ["linux/amd64", "linux/arm64"]);
      const pinned = `docker.io/library/pinned:moved@${index.digest}`;
      const { status, errors } = await site.run("cache", "--platform", "linux/amd64", pinned);
      expect(status, errors).toBe(0);
      expect((await site.run("has", "--platform", "linux/amd64", pinned)).status).toBe(0);
      const raw = await site.run("inspect", "--raw", `pinned@${index.digest}`);
      expect(raw.output).toBe(new TextDecoder().decode(index.bytes));
      expect(describeManifest(index).size).toBe(raw.output.length);
    } finally {
      await site.close();
    }
  });
});
