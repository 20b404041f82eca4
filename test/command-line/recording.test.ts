/** `larder record`: what a cluster pulls, for good and elsewhere. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { manifestUrl, send } from "../conformance/registry-client.ts";
import { startLarder } from "../conformance/larder-process.ts";
import { requirement } from "../requirement.ts";
import { runLarder } from "./run-larder.ts";
import { hostOf, type MultiImage, publish, publishMulti, TestSite } from "./test-site.ts";

const lab = requirement("docker-registry");

type Row = {
  readonly image: string;
  readonly tag: string | null;
  readonly digest: string;
  readonly platform: string | null;
  readonly platformDigest: string | null;
  readonly sizeBytes: number;
  readonly from: string | null;
};

describe.skipIf(!lab.met)("recordings", () => {
  let site: TestSite;
  let multi: MultiImage;
  let single: string;
  beforeAll(async () => {
    site = await TestSite.open(["--gc-grace", "0s"]);
    multi = await publishMulti(site.upstream.url, "library/multi", "1", ["linux/amd64", "linux/arm64", "linux/s390x"]);
    single = (await publish(site.upstream.url, "library/single", "1")).manifest.digest;
    await publish(site.upstream.url, "library/other", "1");
  });
  afterAll(() => site.close());

  const ask = (method: string, name: string, reference: string, from?: string) =>
    send(method, manifestUrl(site.larder.url, name, reference), {
      headers: {
        accept: "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json",
        ...(from === undefined ? {} : { "x-forwarded-for": from }),
      },
    });
  const show = async (name: string): Promise<readonly Row[]> =>
    JSON.parse((await site.run("record", "show", name, "--json")).output);
  const childOf = (platform: string) => multi.images[platform]?.manifest.digest ?? "";

  test("what is pulled is in it as it is asked for: by HEAD and digest, through and from disk, with its platforms", async () => {
    expect((await site.run("record", "start", "prod")).errors).toContain("every pull is recorded from now on");
    // As containerd pulls: HEAD of the tag, then everything by digest.
    expect((await ask("HEAD", "docker.io/library/multi", "1")).status).toBe(200);
    await ask("GET", "docker.io/library/multi", multi.index.digest);
    await ask("GET", "docker.io/library/multi", childOf("linux/arm64"));
    // As podman and skopeo do, by larder's own address and Docker's short name.
    await ask("GET", "multi", "1");
    await ask("GET", "multi", childOf("linux/s390x"));
    await ask("GET", "single", "1");
    await ask("HEAD", "docker.io/library/absent", "1");
    const rows = await show("prod");
    expect(
      rows.map(({ image, digest, platform, platformDigest, from }) => [image, digest, platform, platformDigest, from]),
    ).toEqual(
      [
        ["docker.io/library/multi:1", multi.index.digest, "linux/arm64", childOf("linux/arm64"), "127.0.0.1"],
        ["docker.io/library/multi:1", multi.index.digest, "linux/s390x", childOf("linux/s390x"), "127.0.0.1"],
      ]
        .sort(([, , , a], [, , , b]) => ((a ?? "") < (b ?? "") ? -1 : 1))
        .concat([["docker.io/library/single:1", single, null, null, "127.0.0.1"]] as never),
    );
    expect(rows.every(({ sizeBytes }) => sizeBytes > 600)).toBe(true);
  });

  test("it survives a kill, and goes on until it is stopped", async () => {
    const larder = await startLarder({ arguments: ["--upstream", `docker.io=${site.upstream.url}`] });
    const run = (...argv: string[]) => runLarder(hostOf(larder.url), argv);
    await run("record", "start", "prod");
    await send("GET", manifestUrl(larder.url, "docker.io/library/single", "1"));
    // A look writes down what was noted.
    await run("record", "show", "prod");
    await larder.kill();
    const again = await startLarder({
      dataFolder: larder.dataFolder,
      arguments: ["--upstream", `docker.io=${site.upstream.url}`],
    });
    const runAgain = (...argv: string[]) => runLarder(hostOf(again.url), argv);
    await send("GET", manifestUrl(again.url, "docker.io/library/other", "1"));
    expect((await runAgain("record", "stop", "prod")).errors).toStartWith("prod: 2 images;");
    await send("GET", manifestUrl(again.url, "docker.io/library/multi", "1"));
    const { output } = await runAgain("record", "show", "prod", "--list");
    expect(output.split("\n").map((line) => line.split("@")[0])).toEqual([
      "docker.io/library/other:1",
      "docker.io/library/single:1",
      "",
    ]);
    await again.stop();
  });

  test("preload of its list brings the same digests to an empty larder, tags and platforms included, after the tags moved", async () => {
    const { output } = await site.run("record", "show", "prod", "--list");
    expect(
      output
        .split("\n")
        .filter((line) => line.includes("multi"))
        .sort(),
    ).toEqual([
      `docker.io/library/multi:1@${multi.index.digest} # linux/arm64`,
      `docker.io/library/multi:1@${multi.index.digest} # linux/s390x`,
    ]);
    await publish(site.upstream.url, "library/multi", "1");
    const far = await startLarder({ arguments: ["--upstream", `docker.io=${site.upstream.url}`] });
    const list = await site.write("prod.txt", output);
    const brought = await runLarder(hostOf(far.url), ["preload", list]);
    expect(brought.status, brought.errors).toBe(0);
    await runLarder(hostOf(far.url), ["offline", "on"]);
    const heldThere = async (name: string, reference: string) =>
      (await send("HEAD", manifestUrl(far.url, `docker.io/library/${name}`, reference))).headers.get(
        "docker-content-digest",
      );
    expect(await heldThere("multi", "1")).toBe(multi.index.digest);
    for (const platform of ["linux/arm64", "linux/s390x"])
      expect(await heldThere("multi", childOf(platform))).toBe(childOf(platform));
    expect(await heldThere("multi", childOf("linux/amd64"))).toBeNull();
    expect(await heldThere("single", "1")).toBe(single);
    await far.stop();
  });

  test("only what comes from the networks that are meant is in it, as trusted proxies tell of their clients", async () => {
    const proxied = await TestSite.open(["--trusted-proxy", "127.0.0.1", "--open"]);
    await publish(proxied.upstream.url, "library/in", "1");
    await publish(proxied.upstream.url, "library/out", "1");
    const started = await proxied.run("record", "start", "nodes", "--from", "10.1.0.0/16", "--from", "fd00::/8");
    expect(started.status, started.errors).toBe(0);
    const pull = (name: string, from: string) =>
      send("GET", manifestUrl(proxied.larder.url, `docker.io/library/${name}`, "1"), {
        headers: { "x-forwarded-for": from },
      });
    await pull("out", "10.2.0.1");
    await pull("in", "10.2.0.1");
    await pull("in", "fd00::5");
    await pull("in", "10.1.0.4");
    const { output } = await proxied.run("record", "show", "nodes", "--json");
    expect((JSON.parse(output) as Row[]).map(({ image, from }) => [image, from])).toEqual([
      ["docker.io/library/in:1", "fd00::5"],
    ]);
    await proxied.close();
  });

  test("what it holds is never evicted, though its tag has moved; once it is removed it may go", async () => {
    const next = async () => (await site.run("du", "--next", "1TB", "--json")).output;
    // The registry's tag leads elsewhere now, and so does larder's.
    await site.run("cache", "docker.io/library/multi:1", "docker.io/library/other:1");
    expect(await next()).toContain("docker.io/library/other");
    expect(await next()).not.toContain(multi.index.digest);
    expect(await next()).not.toContain("docker.io/library/single");
    const untagged = await site.run("ls", "--untagged", "--json");
    expect(untagged.output).toContain("the recording prod");
    const refused = await site.run("record", "rm", "prod");
    expect([refused.status, refused.errors]).toEqual([
      1,
      expect.stringContaining("stop it with larder record stop prod"),
    ]);
    await site.run("record", "stop", "prod");
    expect(await next()).not.toContain("docker.io/library/single");
    expect((await site.run("record", "rm", "prod")).status).toBe(0);
    expect(await next()).toContain("docker.io/library/single");
  });

  test("what is asked wrongly is refused with words", async () => {
    const of = async (...argv: string[]) => {
      const { status, errors } = await site.run("record", ...argv);
      return `${status} ${errors}`;
    };
    expect(await of("start", "a b")).toContain('1 larder: "a b" cannot be a recording\'s name');
    expect(await of("start", "a", "--from", "here")).toContain("is neither a network nor an address");
    expect(await of("show", "nothing")).toContain('there is no recording "nothing"');
    expect(await of("show", "nothing", "--list", "--json")).toStartWith("2 ");
    await site.run("record", "start", "once");
    await site.run("record", "stop", "once");
    expect(await of("start", "once")).toContain("--append");
    expect(await of("start", "once", "--append")).toStartWith("0 ");
    expect((await site.run("record", "ls")).output).toMatch(/^once +runs +0 /m);
    const { output } = await site.run("audit", "--json");
    const told = (JSON.parse(output) as { action: string; subject: string }[]).map(
      ({ action, subject }) => `${action} ${subject}`,
    );
    expect(told).toContain("recording-started once");
    expect(told).toContain("recording-removed prod");
  });
});
