/** `access: upstream`: a registry with a token service decides who may pull what of it, through larder as well. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { USER } from "../../src/upstream/auth/token-service.fixture.ts";
import { hasDockerRegistry } from "../../src/upstream/docker-registry.fixture.ts";
import { hasOpenssl } from "../../src/upstream/transport/certificate.fixture.ts";
import type { Image } from "../conformance/content-factory.ts";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { type Reply, send, withQuery } from "../conformance/registry-client.ts";
import { requirement } from "../requirement.ts";
import { PRIVATE, PrivateRegistry, PUBLIC } from "./private-registry.ts";

const HOST = "private.test";
const RIGHT = `${USER.username}:${USER.password}`;

let registry: PrivateRegistry;
let folder: string;
let larder: LarderProcess | null = null;

const NEEDS = requirement("docker-registry", "openssl");
const isAble = NEEDS.met && hasDockerRegistry && hasOpenssl;

async function serve(upstream: object = {}, more: object = {}): Promise<LarderProcess> {
  const file = join(folder, "larder.yaml");
  const own = { endpoint: registry.url, access: "upstream", tags: "always", ...upstream };
  await Bun.write(
    file,
    JSON.stringify({ upstreams: { [HOST]: own }, credentials: join(folder, "none.json"), ...more }),
  );
  await Bun.write(join(folder, "none.json"), "{}");
  const data = join(folder, "data");
  // An upstream on the command line keeps larder online.
  const online = ["--upstream", "unused.test=http://127.0.0.1:9"];
  larder = await startLarder({ dataFolder: data, arguments: ["--config", file, "--log-level", "debug", ...online] });
  return larder;
}

async function restart(upstream: object = {}, more: object = {}): Promise<LarderProcess> {
  await larder?.stop();
  return serve(upstream, more);
}

type Asking = { readonly ns?: string | null; readonly prefix?: string; readonly host?: string };
const BY_NS: Asking = { ns: HOST };

function urlOf(tail: string, { ns = null, prefix = "" }: Asking): string {
  const url = `${larder?.url}/v2/${prefix}${tail}`;
  return ns === null ? url : withQuery(url, "ns", ns);
}

/** What a client does: asks, takes the challenge to the token server, and asks again. */
async function pull(tail: string, credentials: string | null, way: Asking = BY_NS, form = false): Promise<Reply> {
  const url = urlOf(tail, way);
  const headers: Record<string, string> = way.host === undefined ? {} : { Host: way.host };
  const first = await send("GET", url, { headers });
  if (first.status !== 401) return first;
  const token = await tokenFor(first, credentials, form);
  return typeof token === "string"
    ? send("GET", url, { headers: { ...headers, Authorization: `Bearer ${token}` } })
    : token;
}

async function tokenFor(challenged: Reply, credentials: string | null, form: boolean): Promise<string | Reply> {
  const challenge = challenged.headers.get("www-authenticate") ?? "";
  const value = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(challenge)?.[1] ?? "";
  const realm = new URL(value("realm"));
  const fields = { service: value("service"), scope: value("scope") };
  const basic = credentials === null ? {} : { Authorization: `Basic ${Buffer.from(credentials).toString("base64")}` };
  // Over loopback, whatever name the realm has.
  const at = `${larder?.url}${realm.pathname}`;
  const [username = "", password = ""] = credentials?.split(/:(.*)/s) ?? [];
  const reply = form
    ? await send("POST", at, {
        headers: { "Content-Type": "application/x-www-form-urlencoded", Authorization: "Basic d3Jvbmc6d3Jvbmc=" },
        body: new URLSearchParams({
          ...fields,
          grant_type: "password",
          username,
          password,
          client_id: "test",
        }).toString(),
      })
    : await send("GET", `${at}?${new URLSearchParams(fields).toString()}`, { headers: basic });
  return reply.status === 200 ? (JSON.parse(reply.text) as { token: string }).token : reply;
}

type Path = typeof PUBLIC | typeof PRIVATE;
const everythingOf = (path: string, image: Image): readonly string[] => [
  `${path}/manifests/1`,
  `${path}/manifests/${image.manifest.digest}`,
  ...image.blobs.map(({ digest }) => `${path}/blobs/${digest}`),
  `${path}/tags/list`,
];

async function expectAll(path: Path, credentials: string | null, way: Asking = BY_NS): Promise<void> {
  for (const tail of everythingOf(path, registry.images[path])) {
    const reply = await pull(tail, credentials, way);
    expect([tail, reply.status], reply.text).toEqual([tail, 200]);
  }
}

async function expectNothing(path: Path, credentials: string | null, way: Asking = BY_NS): Promise<void> {
  for (const tail of everythingOf(path, registry.images[path])) {
    const reply = await pull(tail, credentials, way);
    expect([tail, reply.status], reply.text).not.toEqual([tail, 200]);
    expect(reply.text).not.toContain("layers");
  }
}

/** In front of the registry: it tells everybody the private repository's tags, as some registries do. */
function tellingTags(url: string) {
  return Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: async (request) => {
      const { pathname, search } = new URL(request.url);
      if (pathname === `/v2/${PRIVATE}/tags/list`) return Response.json({ name: PRIVATE, tags: ["1"] });
      const { method, headers } = request;
      const reply = await fetch(`${url}${pathname}${search}`, { method, headers, redirect: "manual" });
      return new Response(reply.body, reply);
    },
  });
}

describe.skipIf(!isAble)("a registry that decides who may pull what of it", () => {
  beforeAll(async () => {
    registry = await PrivateRegistry.start();
  });
  afterAll(() => registry.stop());
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "larder-upstream-access-"));
    registry.tokens.intercept = null;
    registry.tokens.questions.length = 0;
  });
  afterEach(async () => {
    await larder?.stop();
    larder = null;
    await rm(folder, { recursive: true });
  });

  test("gives what is public to everybody, and what is private to those it lets in, whoever pulled it before", async () => {
    await serve();
    await expectAll(PUBLIC, null);
    await expectNothing(PRIVATE, null);
    await expectNothing(PRIVATE, `${USER.username}:wrong`);
    await expectAll(PRIVATE, RIGHT);
    await expectAll(PRIVATE, RIGHT, { prefix: `${HOST}/` });
    await expectAll(PRIVATE, RIGHT, { host: HOST });
    // It is here now, and they know its digests.
    await expectNothing(PRIVATE, null);
    await expectNothing(PRIVATE, `stranger:${USER.password}`);
    await expectAll(PUBLIC, `${USER.username}:wrong`);
    const output = larder?.output() ?? "";
    for (const secret of [USER.password, Buffer.from(RIGHT).toString("base64")]) expect(output).not.toContain(secret);
  });

  test("is no way around by other names: of larder's own, of another registry, by mounts, lists and the admin API", async () => {
    await serve({}, { unqualified: [HOST], open: true });
    await expectAll(PRIVATE, RIGHT);
    const image = registry.images[PRIVATE];
    const ways: readonly Asking[] = [{}, { prefix: "local/" }, { ns: "other.test" }];
    for (const way of ways) await expectNothing(PRIVATE, null, way);
    // Whom it lets in finds it by a name without a registry, too: Docker's mirrors ask so.
    const bearer = await tokenFor(await send("GET", `${larder?.url}/v2/`), RIGHT, false);
    const scoped = await send("GET", `${larder?.url}/token?service=larder&scope=repository:${PRIVATE}:pull`, {
      headers: { Authorization: `Basic ${Buffer.from(RIGHT).toString("base64")}` },
    });
    expect([typeof bearer, scoped.status]).toEqual(["string", 200]);
    const { token } = JSON.parse(scoped.text) as { token: string };
    const found = await send("GET", urlOf(`${PRIVATE}/manifests/1`, {}), {
      headers: { Authorization: `Bearer ${token}` },
    });
    expect(found.status).toBe(200);
    const [blob] = image.blobs;
    for (const query of [`mount=${blob?.digest}&from=${HOST}/${PRIVATE}`, `mount=${blob?.digest}`]) {
      expect((await send("POST", `${larder?.url}/v2/mine/app/blobs/uploads/?${query}`)).status).not.toBe(201);
    }
    expect((await send("HEAD", `${larder?.url}/v2/mine/app/blobs/${blob?.digest}`)).status).not.toBe(200);
    for (const tail of ["_catalog", `${PRIVATE}/referrers/${image.manifest.digest}`]) {
      expect((await send("GET", urlOf(tail, {}))).text).not.toContain("private/app");
    }
    for (const path of ["/api/v1/images", `/api/v1/images/${HOST}/${PRIVATE}:1`]) {
      const reply = await send("GET", `${larder?.url}${path}`);
      expect(reply.text).not.toContain(image.manifest.digest);
    }
    const checked = await send("POST", `${larder?.url}/api/v1/checks`, {
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ images: [{ image: `${HOST}/${PRIVATE}:1`, platforms: "all" }] }),
    });
    expect(checked.text).not.toContain("whole");
  });

  test("is asked once in a while, for all who show the same", async () => {
    await serve();
    await Promise.all(Array.from({ length: 60 }, () => pull(`${PRIVATE}/manifests/1`, RIGHT)));
    await expectAll(PRIVATE, RIGHT);
    await Promise.all(Array.from({ length: 60 }, () => pull(`${PUBLIC}/manifests/1`, null)));
    const count = (who: string, path: string) =>
      registry.tokens.questions.filter((one) => one.who === who && one.scopes.includes(`repository:${path}:pull`))
        .length;
    expect([count(USER.username, PRIVATE), count("anonymous", PRIVATE)]).toEqual([1, 1]);
    // One of the client that asks who may, one of larder's own that fetches.
    expect(count("anonymous", PUBLIC)).toBeLessThanOrEqual(2);
  });

  test("takes the password of a form before that of the header, and a token in its place", async () => {
    await serve();
    expect((await pull(`${PRIVATE}/manifests/1`, RIGHT, BY_NS, true)).status).toBe(200);
    expect((await pull(`${PRIVATE}/manifests/1`, `${USER.username}:no`, BY_NS, true)).status).toBe(401);
    const fields = { grant_type: "refresh_token", service: `larder/${HOST}`, scope: `repository:${PRIVATE}:pull` };
    const form = (token: string) =>
      send("POST", `${larder?.url}/token`, {
        headers: { "Content-Type": "application/x-www-form-urlencoded" },
        body: new URLSearchParams({ ...fields, refresh_token: token }).toString(),
      });
    const reply = await form(USER.refreshToken);
    expect(reply.status).toBe(200);
    const { token } = JSON.parse(reply.text) as { token: string };
    const headers = { Authorization: `Bearer ${token}` };
    expect((await send("GET", urlOf(`${PRIVATE}/manifests/1`, BY_NS), { headers })).status).toBe(200);
    expect((await form("no-such-token")).status).toBe(401);
  });

  test("tells a wrong login where it is known which registry is meant", async () => {
    await serve();
    const login = (service: string, credentials: string) =>
      send("GET", `${larder?.url}/token?service=${service}&account=x&client_id=docker`, {
        headers: { Authorization: `Basic ${Buffer.from(credentials).toString("base64")}` },
      });
    expect((await login(`larder/${HOST}`, RIGHT)).status).toBe(200);
    expect((await login(`larder/${HOST}`, `${USER.username}:no`)).status).toBe(401);
    // Here it may be any registry's, and nobody is asked.
    registry.tokens.questions.length = 0;
    expect((await login("larder", `${USER.username}:no`)).status).toBe(200);
    expect((await login("larder/other.test", RIGHT)).status).toBe(401);
    expect(registry.tokens.questions).toEqual([]);
  });

  test("does not have larder's own credentials serve strangers", async () => {
    await serve({ username: USER.username, password: USER.password });
    await expectNothing(PRIVATE, null);
    await expectNothing(PRIVATE, "a:b");
    await expectAll(PRIVATE, RIGHT);
    await expectAll(PUBLIC, null);
  });

  test("lets go of who may not any more, within the lifetime", async () => {
    await serve({ accessLifetime: "1s" });
    await expectAll(PRIVATE, RIGHT);
    registry.tokens.intercept = (request) =>
      request.headers.has("authorization") ? Response.json({ errors: [] }, { status: 401 }) : undefined;
    // The proof that holds is renewed in the background, or has ended.
    await Bun.sleep(1100);
    await expectNothing(PRIVATE, RIGHT);
  });

  test.each(["refuse", "seen"] as const)("that cannot be asked: %s", async (accessOffline) => {
    await serve({ accessOffline });
    await expectAll(PRIVATE, RIGHT);
    await expectAll(PUBLIC, null);
    await restart({ accessOffline, endpoint: "http://127.0.0.1:9" });
    // What everybody could have everybody goes on to get.
    await expectAll(PUBLIC, null);
    await expectNothing(PRIVATE, null);
    await expectNothing(PRIVATE, `${USER.username}:never-seen`);
    if (accessOffline === "seen") await expectAll(PRIVATE, RIGHT);
    else await expectNothing(PRIVATE, RIGHT);
    await restart({ accessOffline }, { offline: true });
    await expectAll(PUBLIC, null);
    if (accessOffline === "seen") await expectAll(PRIVATE, RIGHT);
    else await expectNothing(PRIVATE, RIGHT);
    const database = await Bun.file(join(folder, "data", "larder.db")).text();
    expect([database.includes(USER.password), database.includes(USER.username)]).toEqual([false, false]);
  });

  test("that tells strangers its tags gives them no image by anybody else's credentials, nor once it is here or down", async () => {
    const front = tellingTags(registry.url);
    try {
      const own = { endpoint: front.url.origin, username: USER.username, password: USER.password };
      await serve(own);
      const image = registry.images[PRIVATE];
      const tails = [
        `/v2/${PRIVATE}/manifests/1?ns=${HOST}`,
        `/aci/${HOST}/${PRIVATE}:1.aci`,
        `/aci/${HOST}/${PRIVATE}:1.aci.asc`,
        `/api/v1/signatures/${HOST}/${PRIVATE}:1`,
        `/api/v1/images/${HOST}/${PRIVATE}:1`,
      ];
      const askAll = async () => {
        for (const tail of tails) {
          const reply = await send("GET", `${larder?.url}${tail}`);
          expect([tail, reply.status >= 400], reply.text).toEqual([tail, true]);
          expect(reply.text).not.toContain(image.manifest.digest);
        }
      };
      await askAll();
      await expectNothing(PRIVATE, null);
      await expectAll(PRIVATE, RIGHT);
      await askAll();
      await expectNothing(PRIVATE, null);
      await restart({ ...own, endpoint: "http://127.0.0.1:9" });
      await askAll();
      await expectNothing(PRIVATE, null);
    } finally {
      await front.stop(true);
    }
  }, 60_000);

  test("has clients show their credentials again after a restart", async () => {
    await serve();
    const first = await send("GET", urlOf(`${PRIVATE}/manifests/1`, BY_NS));
    const token = await tokenFor(first, RIGHT, false);
    if (typeof token !== "string") throw new Error(token.text);
    const headers = { Authorization: `Bearer ${token}` };
    expect((await send("GET", urlOf(`${PRIVATE}/manifests/1`, BY_NS), { headers })).status).toBe(200);
    await restart();
    const again = await send("GET", urlOf(`${PRIVATE}/manifests/1`, BY_NS), { headers });
    expect([again.status, again.headers.get("www-authenticate")?.includes("invalid_token")]).toEqual([401, true]);
    await expectAll(PRIVATE, RIGHT);
  });
});
