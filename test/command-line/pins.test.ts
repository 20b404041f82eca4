/** `larder pin`, `larder unpin`, and when images were pulled, in `ls` and `inspect`. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { makeIndex, describeManifest, missingDigest } from "../conformance/content-factory.ts";
import { manifestUrl, pushImage, pushManifest, send } from "../conformance/registry-client.ts";
import { startLarder } from "../conformance/larder-process.ts";
import { runLarder } from "./run-larder.ts";
import { hostOf, smallImage, TestSite } from "./test-site.ts";

let site: TestSite;
beforeAll(async () => {
  site = await TestSite.open();
  await pushImage(site.larder.url, "own/app", smallImage(), "1");
});
afterAll(() => site.close());

type Row = { readonly image: string; readonly pulledAt: string | null };
const rows = async (...argv: string[]) =>
  JSON.parse((await site.run("ls", "--json", ...argv)).output) as readonly Row[];
const pins = async () =>
  (JSON.parse((await site.run("pin", "ls", "--json")).output) as { pin: string }[]).map(({ pin }) => pin);

test("a name means the image that is there, pushed here or Docker Hub's, and a pattern what it says", async () => {
  const digest = missingDigest();
  const { status, errors } = await site.run(
    "pin",
    "own/app",
    "own/app:1",
    "own/app:2",
    "nginx:1.27",
    "quay.io/**",
    `quay.io/a/b@${digest}`,
    "docker.io/*:1.*",
  );
  expect(status, errors).toBe(0);
  expect(await pins()).toEqual([
    "docker.io/library/*:1.*",
    "docker.io/library/nginx:1.27",
    "docker.io/own/app:2",
    "local/own/app",
    "local/own/app:1",
    "quay.io/**",
    `quay.io/a/b@${digest}`,
  ]);
  expect((await site.run("pin", "own/app:1")).errors).toBe("local/own/app:1: was pinned already\n");
});

test("what was pinned is unpinned by the name that it was pinned by, or as it is listed", async () => {
  const gone = await site.run("unpin", "own/app:1", "own/app:2", "nginx:1.27", "quay.io/**", "docker.io/library/*:1.*");
  expect(gone.status, gone.errors).toBe(0);
  expect((await pins()).map((pin) => pin.split("@")[0])).toEqual(["local/own/app", "quay.io/a/b"]);
  const again = await site.run("unpin", "own/app:1");
  expect([again.status, again.errors]).toEqual([1, "docker.io/own/app:1: is no pin\n"]);
});

test.each([["docker.io"], ["a//b*"], ["UPPER*"], ["a@sha256:1"], ["a:b:c"]])(
  "%s is no pin, and nothing is pinned then",
  async (text) => {
    const { status, errors } = await site.run("pin", "good/one", text);
    expect([status, errors.startsWith("larder: ")]).toEqual([2, true]);
    expect(await pins()).not.toContain("docker.io/good/one");
  },
);

test("pulls are seen at once, by GET, by digest, by a child's digest and by HEAD; a pusher's question is none", async () => {
  const image = smallImage();
  for (const name of ["get", "digest", "child", "head", "push", "none"]) {
    await pushImage(site.larder.url, `pulled/${name}`, image, "image");
    const index = makeIndex([describeManifest(image.manifest)]);
    await pushManifest(site.larder.url, `pulled/${name}`, index, "1");
    if (name === "digest") await send("GET", manifestUrl(site.larder.url, `pulled/${name}`, index.digest));
  }
  const ask = (method: "GET" | "HEAD", name: string, reference: string, headers = {}) =>
    send(method, manifestUrl(site.larder.url, `pulled/${name}`, reference), { headers });
  await ask("GET", "get", "1");
  await ask("GET", "child", image.manifest.digest);
  await ask("HEAD", "head", "1");
  await ask("HEAD", "push", "1", { "User-Agent": "go-containerregistry/0.20" });
  const pulled = (await rows("local/pulled/")).filter(({ image: name }) => name.endsWith(":1"));
  expect(pulled.filter(({ pulledAt }) => pulledAt !== null).map(({ image: name }) => name)).toEqual([
    "local/pulled/child:1",
    "local/pulled/digest:1",
    "local/pulled/get:1",
    "local/pulled/head:1",
  ]);
  const ordered = (await rows("--sort", "pulled", "local/pulled/")).filter(({ image: name }) => name.endsWith(":1"));
  expect(ordered.map(({ image: name }) => name).slice(0, 4)).toEqual([
    "local/pulled/head:1",
    "local/pulled/child:1",
    "local/pulled/get:1",
    "local/pulled/digest:1",
  ]);
  const { output } = await site.run("inspect", "pulled/get:1");
  expect(output).toContain("last pulled");
  expect(JSON.parse((await site.run("inspect", "--json", "pulled/none:1")).output)).toMatchObject({ pulledAt: null });
});

test("pins and last pulls outlive larder, even one that is killed", async () => {
  const before = await rows("--sort", "pulled", "local/pulled/");
  const { dataFolder } = site.larder;
  await site.larder.kill();
  const again = await startLarder({ dataFolder });
  const after = await runLarder(hostOf(again.url), ["ls", "--json", "--sort", "pulled", "local/pulled/"]);
  const list = await runLarder(hostOf(again.url), ["pin", "ls"]);
  await again.stop();
  await rm(dataFolder, { recursive: true, force: true });
  expect(JSON.parse(after.output)).toEqual(before);
  expect(list.output).toContain("local/own/app");
});
