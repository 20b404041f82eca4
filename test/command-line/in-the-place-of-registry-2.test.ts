/** The same config.yml starts Debian's docker-registry and larder, and the same requests are answered alike. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requirement } from "../requirement.ts";
import { LARDER } from "./run-larder.ts";

const theirs = requirement("docker-registry");

type Running = { readonly url: string; readonly stop: () => Promise<void> };
/** What an answer says, as far as it has to be alike. */
type Answer = { readonly status: number; readonly code?: string; readonly said?: unknown };

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-place-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A port that nobody has at this moment. docker-registry takes no port 0. */
async function freePort(): Promise<number> {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
  const { port = 0 } = server;
  await server.stop(true);
  return port;
}

/** Starts a program with a config.yml, in which PORT and DATA stand for what is free. */
async function start(program: readonly string[], yaml: string): Promise<Running> {
  const port = await freePort();
  const data = await mkdtemp(join(folder, "data-"));
  const file = join(data, "config.yml");
  await writeFile(file, `version: 0.1\n${yaml.replaceAll("PORT", String(port)).replaceAll("DATA", data)}`);
  const child = Bun.spawn([...program, "serve", file], {
    env: { PATH: Bun.env["PATH"] ?? "", HOME: data, RUNTIME_DIRECTORY: join(data, "run") },
    stdout: "ignore",
    stderr: Bun.file(join(data, "log")),
  });
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; ; tries++) {
    if (await fetch(`${url}/v2/`).catch(() => null)) break;
    if (child.exitCode !== null || tries > 300) throw new Error(await Bun.file(join(data, "log")).text());
    await Bun.sleep(50);
  }
  const stop = async () => {
    child.kill("SIGTERM");
    await child.exited;
  };
  return { url, stop };
}

/** What the requests answer at both, each started with the same file. */
async function atBoth(yaml: string, ask: (url: string) => Promise<unknown>): Promise<readonly [unknown, unknown]> {
  const answers: unknown[] = [];
  for (const program of [["docker-registry"], [LARDER, "registry"]]) {
    const running = await start(program, yaml);
    try {
      answers.push(await ask(running.url));
    } finally {
      await running.stop();
    }
  }
  return [answers[0], answers[1]];
}

async function expectAlike(yaml: string, ask: (url: string) => Promise<unknown>): Promise<unknown> {
  const [registry, larder] = await atBoth(yaml, ask);
  expect(larder).toEqual(registry);
  return registry;
}

async function answerOf(url: string, options: RequestInit = {}, said: (response: Response) => unknown = () => null) {
  const response = await fetch(url, { redirect: "manual", ...options });
  const text = await response.text();
  const isError = response.status >= 400 && text.startsWith("{");
  const { errors } = isError ? (JSON.parse(text) as { errors: readonly { code: string }[] }) : { errors: [] };
  const answer: Answer = { status: response.status, ...(errors[0] && { code: errors[0].code }) };
  return { ...answer, said: said(response) };
}

const CONFIG = '{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":[]}}';
const digestOf = (text: string) => `sha256:${createHash("sha256").update(text).digest("hex")}`;
const MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";
const MANIFEST = JSON.stringify({
  schemaVersion: 2,
  mediaType: MANIFEST_TYPE,
  config: {
    mediaType: "application/vnd.oci.image.config.v1+json",
    digest: digestOf(CONFIG),
    size: CONFIG.length,
  },
  layers: [],
});

/** Pushes an image in the way of Docker; the statuses, and the form of each Location. */
async function push(url: string, name: string, headers: Record<string, string> = {}) {
  const shape = (response: Response) => (response.headers.get("location") ?? "").replace(/uploads\/.*/, "uploads/…");
  const place = (location: string) => location.replace(url, "URL");
  const begun = await fetch(`${url}/v2/${name}/blobs/uploads/`, { method: "POST", headers });
  if (begun.status !== 202) return { begun: begun.status };
  const at = new URL(begun.headers.get("location") ?? "", url);
  const patched = await fetch(new URL(at.pathname + at.search, url), { method: "PATCH", headers, body: CONFIG });
  const next = new URL(patched.headers.get("location") ?? "", url);
  next.searchParams.set("digest", digestOf(CONFIG));
  const put = await fetch(new URL(next.pathname + next.search, url), { method: "PUT", headers });
  const manifest = await fetch(`${url}/v2/${name}/manifests/v1`, {
    method: "PUT",
    headers: { ...headers, "content-type": MANIFEST_TYPE },
    body: MANIFEST,
  });
  return {
    statuses: [begun.status, patched.status, put.status, manifest.status],
    locations: [begun, patched, put, manifest].map((response) => place(shape(response))),
    digest: manifest.headers.get("docker-content-digest"),
  };
}

const manifestOf = (url: string, name: string, reference: string, options: RequestInit = {}) =>
  answerOf(`${url}/v2/${name}/manifests/${reference}`, {
    ...options,
    headers: { accept: MANIFEST_TYPE, ...(options.headers as Record<string, string>) },
  });

const PLAIN = "storage: {filesystem: {rootdirectory: DATA}}\nhttp: {addr: '127.0.0.1:PORT'}\n";

describe.skipIf(!theirs.met)("larder and docker-registry with the same config.yml", () => {
  test("pushes, pulls and lists, and deletes nothing unless told", async () => {
    await expectAlike(PLAIN, async (url) => ({
      base: await answerOf(`${url}/v2/`, {}, (response) => response.headers.get("docker-distribution-api-version")),
      missing: await manifestOf(url, "team/app", "v1"),
      missingTags: await answerOf(`${url}/v2/team/app/tags/list`),
      missingBlob: await answerOf(`${url}/v2/team/app/blobs/${digestOf("no")}`),
      badDigest: await answerOf(`${url}/v2/team/app/blobs/sha256:no`),
      pushed: await push(url, "team/app"),
      pushedAgain: await push(url, "team/other"),
      pulled: await manifestOf(url, "team/app", "v1"),
      byDigest: await manifestOf(url, "team/app", digestOf(MANIFEST)),
      blob: await answerOf(`${url}/v2/team/app/blobs/${digestOf(CONFIG)}`, {}, (response) =>
        response.headers.get("content-length"),
      ),
      tags: await (await fetch(`${url}/v2/team/app/tags/list`)).json(),
      catalog: await (await fetch(`${url}/v2/_catalog`)).json(),
      page: await answerOf(`${url}/v2/_catalog?n=1`, {}, (response) =>
        Object.fromEntries(new URL(/<(.*)>/.exec(response.headers.get("link") ?? "")?.[1] ?? "", url).searchParams),
      ),
      deleted: await manifestOf(url, "team/app", digestOf(MANIFEST), { method: "DELETE" }),
      deletedBlob: await answerOf(`${url}/v2/team/app/blobs/${digestOf(CONFIG)}`, { method: "DELETE" }),
      stillThere: await manifestOf(url, "team/app", "v1"),
    }));
  }, 60_000);

  test("deletes when delete is enabled", async () => {
    await expectAlike(PLAIN.replace("}}\n", "}, delete: {enabled: true}}\n"), async (url) => {
      await push(url, "app");
      return {
        deleted: await manifestOf(url, "app", digestOf(MANIFEST), { method: "DELETE" }),
        gone: await manifestOf(url, "app", digestOf(MANIFEST)),
        again: await manifestOf(url, "app", digestOf(MANIFEST), { method: "DELETE" }),
      };
    });
  }, 60_000);

  test("takes nothing when it is read-only", async () => {
    const yaml = PLAIN.replace("}}\n", "}, delete: {enabled: true}, maintenance: {readonly: {enabled: true}}}\n");
    await expectAlike(yaml, async (url) => ({
      pushed: await push(url, "app"),
      manifest: (await manifestOf(url, "app", "v1", { method: "PUT", body: MANIFEST })).status,
      deleted: (await manifestOf(url, "app", digestOf(MANIFEST), { method: "DELETE" })).status,
      pulled: await manifestOf(url, "app", "v1"),
    }));
  }, 60_000);

  test("asks for a password, and lets nobody else in", async () => {
    const htpasswd = join(folder, "htpasswd");
    await writeFile(htpasswd, `ann:${await Bun.password.hash("secret", { algorithm: "bcrypt", cost: 4 })}\n`);
    const yaml = `${PLAIN}auth: {htpasswd: {realm: Registry Realm, path: ${htpasswd}}}\n`;
    const basic = (pair: string) => ({ headers: { authorization: `Basic ${btoa(pair)}` } });
    const challenge = (response: Response) => response.headers.get("www-authenticate")?.replace(/, charset=.*/, "");
    await expectAlike(yaml, async (url) => ({
      nobody: await answerOf(`${url}/v2/`, {}, challenge),
      pull: await answerOf(`${url}/v2/app/manifests/v1`, {}, challenge),
      catalog: await answerOf(`${url}/v2/_catalog`, {}, challenge),
      pushedByNobody: await push(url, "app"),
      wrong: await answerOf(`${url}/v2/`, basic("ann:wrong"), challenge),
      unknown: await answerOf(`${url}/v2/`, basic("bob:secret"), challenge),
      right: await answerOf(`${url}/v2/`, basic("ann:secret")),
      pushed: await push(url, "app", basic("ann:secret").headers),
      pulled: await manifestOf(url, "app", "v1", basic("ann:secret")),
      listed: await (await fetch(`${url}/v2/_catalog`, basic("ann:secret"))).json(),
    }));
  }, 60_000);

  test("adds headers, and writes Location as it is told", async () => {
    const headers =
      "headers: {X-Content-Type-Options: [nosniff], X-Frame-Options: [DENY], Access-Control-Allow-Origin: ['*']}";
    const added = (response: Response) =>
      ["x-content-type-options", "x-frame-options", "access-control-allow-origin"].map((name) =>
        response.headers.get(name),
      );
    for (const more of [
      headers,
      `relativeurls: true, ${headers}`,
      `host: 'https://registry.example:8443', ${headers}`,
    ]) {
      await expectAlike(PLAIN.replace("'}", `', ${more}}`), async (url) => ({
        base: await answerOf(`${url}/v2/`, {}, added),
        missing: await answerOf(`${url}/v2/app/manifests/v1`, {}, added),
        pushed: await push(url, "app"),
      }));
    }
  }, 120_000);

  test("tells of itself at a listener of its own, and nothing else", async () => {
    const port = await freePort();
    const debug = `debug: {addr: '127.0.0.1:${port}', prometheus: {enabled: true, path: /metrics}}`;
    await expectAlike(PLAIN.replace("'}", `', ${debug}}`), async () => ({
      health: await answerOf(`http://127.0.0.1:${port}/debug/health`),
      metrics: await answerOf(`http://127.0.0.1:${port}/metrics`, {}, (response) =>
        response.headers.get("content-type")?.replace(/;.*/, ""),
      ),
      registry: (await answerOf(`http://127.0.0.1:${port}/v2/`)).status,
    }));
  }, 60_000);

  test("is a proxy of one registry, and takes no pushes", async () => {
    const upstream = await start(["docker-registry"], PLAIN);
    try {
      await push(upstream.url, "library/nginx");
      await expectAlike(`${PLAIN}proxy: {remoteurl: '${upstream.url}'}\n`, async (url) => ({
        pulled: await manifestOf(url, "library/nginx", "v1"),
        blob: await answerOf(`${url}/v2/library/nginx/blobs/${digestOf(CONFIG)}`),
        tags: await (await fetch(`${url}/v2/library/nginx/tags/list`)).json(),
        missing: await manifestOf(url, "library/none", "v1"),
        manifest: await manifestOf(url, "library/nginx", "v2", {
          method: "PUT",
          body: MANIFEST,
          headers: { "content-type": MANIFEST_TYPE },
        }),
      }));
    } finally {
      await upstream.stop();
    }
  }, 60_000);
});
