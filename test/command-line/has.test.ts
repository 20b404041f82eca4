/** `larder has`: are images here, and whole? */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rm, truncate } from "node:fs/promises";
import { pushImage } from "../conformance/registry-client.ts";
import { requirement } from "../requirement.ts";
import { TestSite, publish, publishMulti, smallImage } from "./test-site.ts";

const lab = requirement("docker-registry");

describe.skipIf(!lab.met)("larder has", () => {
  let site: TestSite;
  beforeAll(async () => {
    site = await TestSite.open();
  });
  afterAll(() => site.close());

  test("says no to what only upstream has, and yes once it was cached", async () => {
    await publish(site.upstream.url, "library/fresh", "1");
    const before = await site.run("has", "fresh:1");
    expect(before).toMatchObject({ status: 1, output: "" });
    expect(before.errors).toContain("docker.io/library/fresh:1 is not here");
    expect((await site.run("cache", "fresh:1")).status).toBe(0);
    expect(await site.run("has", "fresh:1")).toEqual({ status: 0, output: "", errors: "" });
  });

  test.each([
    ["is deleted", (file: string) => rm(file)],
    ["is cut short", (file: string) => truncate(file, 10)],
  ])("says no when a layer's file %s, and names the layer", async (how, damage) => {
    const name = `damaged-${how.replaceAll(" ", "-")}`;
    const image = await publish(site.upstream.url, `library/${name}`, "1");
    await site.run("cache", `${name}:1`);
    const layer = image.blobs.at(-1)?.digest ?? "";
    await damage(site.blobFile(layer));
    const { status, errors } = await site.run("has", `${name}:1`);
    expect(status).toBe(1);
    expect(errors).toContain(layer);
    // Brought again, it is whole again.
    expect((await site.run("cache", `${name}:1`)).status).toBe(0);
    expect((await site.run("has", `${name}:1`)).status).toBe(0);
  });

  test("looks at the platforms that are asked for", async () => {
    await publishMulti(site.upstream.url, "library/multi", "1", ["linux/amd64", "linux/arm64"]);
    await site.run("cache", "--platform", "linux/arm64", "multi:1");
    expect((await site.run("has", "--platform", "linux/arm64", "multi:1")).status).toBe(0);
    expect((await site.run("has", "--platform", "linux/amd64", "multi:1")).status).toBe(1);
    expect((await site.run("has", "--all-platforms", "multi:1")).status).toBe(1);
    const { status, errors } = await site.run("has", "--platform", "linux/s390x", "multi:1");
    expect(status).toBe(1);
    expect(errors).toContain("there are linux/amd64, linux/arm64");
  });

  test("knows images by digest, one's own builds by any registry's name, and says all that is lacking", async () => {
    const image = smallImage();
    await pushImage(site.larder.url, "team/mine", image, "1");
    const digest = image.manifest.digest;
    for (const name of [`team/mine@${digest}`, "quay.io/team/mine:1", "local/team/mine:1"]) {
      expect((await site.run("has", name)).status).toBe(0);
    }
    const { status, errors } = await site.run("has", "team/mine:1", "team/mine:2", "team/mine:3");
    expect(status).toBe(1);
    expect(errors.trim().split("\n")).toHaveLength(2);
    const json = await site.run("has", "--json", "--quiet", "team/mine:1", "team/mine:2");
    const states = (JSON.parse(json.output) as { status: string }[]).map(({ status }) => status);
    expect(states).toEqual(["whole", "absent"]);
    expect(json.errors).toBe("");
  });
});
