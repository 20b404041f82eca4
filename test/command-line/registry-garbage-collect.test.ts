/** `registry garbage-collect config.yml`, while larder serves and while it does not. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "../end-to-end/run-command.ts";
import { LARDER } from "./run-larder.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-collect-"));
  await writeFile(
    join(folder, "config.yml"),
    `version: 0.1\nstorage: {filesystem: {rootdirectory: ${folder}/data}}\nhttp: {addr: '127.0.0.1:0'}\n`,
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const environment = () => ({ HOME: folder, RUNTIME_DIRECTORY: join(folder, "run") });
const collect = (...flags: string[]) =>
  runCommand([LARDER, "registry", "garbage-collect", ...flags, join(folder, "config.yml")], {
    environment: environment(),
  });

/** Runs larder while `work` has its address. */
async function serving(work: (url: string) => Promise<void>): Promise<void> {
  const child = Bun.spawn([LARDER, "registry", "serve", join(folder, "config.yml")], {
    env: { ...environment(), PATH: Bun.env["PATH"] ?? "" },
    stdout: "pipe",
    stderr: Bun.file(join(folder, "log")),
  });
  try {
    let said = "";
    for await (const chunk of child.stdout) {
      said += new TextDecoder().decode(chunk);
      if (said.includes("Try next")) break;
    }
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0];
    if (url === undefined) throw new Error(said + (await readFile(join(folder, "log"), "utf8")));
    await work(url);
  } finally {
    child.kill("SIGTERM");
    await child.exited;
  }
}

const digestOf = (text: string) => `sha256:${createHash("sha256").update(text).digest("hex")}`;

async function push(url: string, reference: string | null, label: string): Promise<string> {
  const config = JSON.stringify({ os: "linux", architecture: "amd64", label });
  const uploaded = await fetch(`${url}/v2/app/blobs/uploads/?digest=${digestOf(config)}`, {
    method: "POST",
    body: config,
  });
  expect(uploaded.status).toBe(201);
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType,
    config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: digestOf(config), size: config.length },
    layers: [],
  });
  const path = `${url}/v2/app/manifests/${reference ?? digestOf(manifest)}`;
  const put = await fetch(path, { method: "PUT", body: manifest, headers: { "content-type": mediaType } });
  expect(put.status).toBe(201);
  return digestOf(manifest);
}

const statusOf = async (url: string, reference: string) => (await fetch(`${url}/v2/app/manifests/${reference}`)).status;

test("an empty place has nothing to collect", async () => {
  expect(await collect()).toMatchObject({ status: 0, output: expect.stringContaining("holds no data of larder's") });
});

test("manifests without a tag go with -m alone, by the larder that serves or without one", async () => {
  const kept: string[] = [];
  await serving(async (url) => {
    const [untagged, tagged] = [await push(url, null, "a"), await push(url, "v1", "b")];
    expect((await collect()).status).toBe(0);
    const dry = await collect("-d", "-m");
    expect([dry.status, dry.output.includes(untagged), dry.output.includes(tagged)]).toEqual([0, true, false]);
    expect(await statusOf(url, untagged)).toBe(200);
    expect((await collect("--delete-untagged")).status).toBe(0);
    expect([await statusOf(url, untagged), await statusOf(url, tagged)]).toEqual([404, 200]);
    kept.push(tagged, await push(url, null, "c"));
  });
  const idle = await collect("-m");
  expect(idle).toMatchObject({ status: 0, output: expect.stringMatching(/given back: [1-9]/) });
  expect((await collect("-q", "-m")).output).toBe("");
  const [tagged = "", untagged = ""] = kept;
  await serving(async (url) =>
    expect([await statusOf(url, tagged), await statusOf(url, untagged)]).toEqual([200, 404]),
  );
}, 60_000);
