import { afterEach, expect, test } from "bun:test";
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EngineClient } from "./engine-client.ts";
import { findEngine } from "./engine-endpoint.ts";

const NEVER = new AbortController().signal;
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A client of an engine that answers as told. */
function engine(answer: (request: Request) => Response | Promise<Response>): EngineClient {
  const folder = mkdtempSync(join(tmpdir(), "larder-engine-"));
  const path = join(folder, "engine.sock");
  const server = Bun.serve({ unix: path, fetch: answer });
  closers.push(async () => {
    await server.stop(true);
    await rm(folder, { recursive: true });
  });
  return new EngineClient({ kind: "socket", path }, NEVER);
}

const nothing = () => new Blob(["an archive"]).stream();

test("an image that the engine does not have is null", async () => {
  const client = engine(() => Response.json({ message: "No such image" }, { status: 404 }));
  expect(await client.saveImage("app:1")).toBeNull();
});

test("an engine that fails is quoted", async () => {
  const client = engine((request) =>
    request.url.endsWith("/json") ? Response.json({}) : Response.json({ message: "disk on fire" }, { status: 500 }),
  );
  await expect(client.saveImage("app:1")).rejects.toThrow(
    /engine at .*engine.sock did not save app:1: 500 disk on fire/,
  );
  await expect(client.loadImages(nothing())).rejects.toThrow(/did not load the image: 500 disk on fire/);
});

test("a load that fails half-way is a failure, although its status is 200", async () => {
  const steps = '{"stream":"Loading layer"}\r\n{"errorDetail":{"message":"no space left"},"error":"no space left"}\r\n';
  const client = engine(async (request) => {
    await request.bytes();
    return new Response(steps);
  });
  await expect(client.loadImages(nothing())).rejects.toThrow(/did not load the image: no space left/);
});

test("a load that succeeds is done, whatever the engine says of it", async () => {
  const client = engine(
    async (request) => new Response(`{"stream":"Loaded ${(await request.text()).length}"}\nnot JSON\n`),
  );
  expect(await client.loadImages(nothing())).toBeUndefined();
});

test("where no engine listens the error says how to tell where one does", async () => {
  const client = new EngineClient({ kind: "socket", path: "/nowhere/engine.sock" }, NEVER);
  await expect(client.saveImage("app:1")).rejects.toThrow(/engine at \/nowhere\/engine.sock .*DOCKER_HOST/);
});

test("DOCKER_HOST names a socket or an address, with TLS or without", async () => {
  expect(await findEngine({ DOCKER_HOST: "unix:///run/x.sock" })).toEqual({ kind: "socket", path: "/run/x.sock" });
  expect(await findEngine({ DOCKER_HOST: "tcp://10.0.0.1" })).toEqual({
    kind: "tcp",
    url: "http://10.0.0.1:2375",
    tls: null,
  });
  expect(await findEngine({ DOCKER_HOST: "tcp://[fd00::1]:99" })).toEqual({
    kind: "tcp",
    url: "http://[fd00::1]:99",
    tls: null,
  });
  const folder = mkdtempSync(join(tmpdir(), "larder-certificates-"));
  closers.push(() => rm(folder, { recursive: true }));
  for (const name of ["ca", "cert", "key"]) await Bun.write(join(folder, `${name}.pem`), name);
  const secure = { DOCKER_HOST: "tcp://engine.example", DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: folder };
  const tls = { ca: "ca", cert: "cert", key: "key" };
  expect(await findEngine(secure)).toEqual({ kind: "tcp", url: "https://engine.example:2376", tls });
});

test("a DOCKER_HOST of another kind is refused", async () => {
  for (const host of ["ssh://me@host", "npipe:////./pipe/docker", "tcp://"]) {
    await expect(findEngine({ DOCKER_HOST: host })).rejects.toThrow(/larder can reach an engine at unix:/);
  }
});
