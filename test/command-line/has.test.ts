/** `larder has`: are images here, and whole? */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rm, truncate } from "node:fs/promises";
import { pushImage } from "../conformance/registry-client.ts";
import { requirement } from "../requirement.ts";
import { Kitchen, publish, publishMulti, smallImage } from "./kitchen.ts";

const lab = requirement("docker-registry");

describe.skipIf(!lab.met)("larder has", () => {
  let kitchen: Kitchen;
  beforeAll(async () => {
    kitchen = await Kitchen.open();
  });
  afterAll(() => kitchen.close());

  test("says no to what only upstream has, and yes once it was cached", async () => {
    await publish(kitchen.upstream.url, "library/fresh", "1");
    const before = await kitchen.run("has", "fresh:1");
    expect(before).toMatchObject({ status: 1, output: "" });
    expect(before.errors).toContain("docker.io/library/fresh:1 is not here");
    expect((await kitchen.run("cache", "fresh:1")).status).toBe(0);
    expect(await kitchen.run("has", "fresh:1")).toEqual({ status: 0, output: "", errors: "" });
  });

  test.each([
    ["is deleted", (file: string) => rm(file)],
    ["is cut short", (file: string) => truncate(file, 10)],
  ])("says no when a layer's file %s, and names the layer", async (how, damage) => {
    const name = `damaged-${how.replaceAll(" ", "-")}`;
    const image = await publish(kitchen.upstream.url, `library/${name}`, "1");
    await kitchen.run("cache", `${name}:1`);
    const layer = image.blobs.at(-1)?.digest ?? "";
    await damage(kitchen.blobFile(layer));
    const { status, errors } = await kitchen.run("has", `${name}:1`);
    expect(status).toBe(1);
    expect(errors).toContain(layer);
    // Brought again, it is whole again.
    expect((await kitchen.run("cache", `${name}:1`)).status).toBe(0);
    expect((await kitchen.run("has", `${name}:1`)).status).toBe(0);
  });

  test("looks at the platforms that are asked for", async () => {
    await publishMulti(kitchen.upstream.url, "library/multi", "1", ["linux/amd64", "linux/arm64"]);
    await kitchen.run("cache", "--platform", "linux/arm64", "multi:1");
    expect((await kitchen.run("has", "--platform", "linux/arm64", "multi:1")).status).toBe(0);
    expect((await kitchen.run("has", "--platform", "linux/amd64", "multi:1")).status).toBe(1);
    expect((await kitchen.run("has", "--all-platforms", "multi:1")).status).toBe(1);
    const { status, errors } = await kitchen.run("has", "--platform", "linux/s390x", "multi:1");
    expect(status).toBe(1);
    expect(errors).toContain("there are linux/amd64, linux/arm64");
  });

  test("knows images by digest, one's own builds by any registry's name, and says all that is lacking", async () => {
    const image = smallImage();
    await pushImage(kitchen.larder.url, "team/mine", image, "1");
    const digest = image.manifest.digest;
    for (const name of [`team/mine@${digest}`, "quay.io/team/mine:1", "local/team/mine:1"]) {
      expect((await kitchen.run("has", name)).status).toBe(0);
    }
    const { status, errors } = await kitchen.run("has", "team/mine:1", "team/mine:2", "team/mine:3");
    expect(status).toBe(1);
    expect(errors.trim().split("\n")).toHaveLength(2);
    const json = await kitchen.run("has", "--json", "--quiet", "team/mine:1", "team/mine:2");
    const states = (JSON.parse(json.output) as { state: string }[]).map(({ state }) => state);
    expect(states).toEqual(["whole", "absent"]);
    expect(json.errors).toBe("");
  });
});
