import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OidcChecker } from "../access/oidc/oidc-checker.ts";
import { makeTokenIssuer, type TokenIssuer } from "../access/oidc/token-issuer.fixture.ts";
import { memoryMetadata } from "../storage/memory/metadata-memory.ts";
import type { SettingsStore } from "../storage/settings.ts";
import { hasOpenssl, makeCertificate } from "../upstream/transport/certificate.fixture.ts";
import { startWebServer, type WebServer } from "../upstream/transport/web-server.fixture.ts";
import { IssuerOpener } from "./open-issuers.ts";
import type { OidcSettings } from "./settings/oidc-shape.ts";

let folder: string;
let server: WebServer;
let issuer: TokenIssuer;
let store: SettingsStore;
let world: { nowMs: number; isOffline: boolean; lines: string[] };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-issuers-"));
  server = startWebServer(() => new Response(null, { status: 404 }));
  issuer = await makeTokenIssuer(server.url, "ES256");
  server.handle = publish;
  store = memoryMetadata().settings;
  world = { nowMs: Date.now(), isOffline: false, lines: [] };
});
afterEach(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

/** Answers as an issuer does. */
function publish({ url }: Request): Response {
  const path = new URL(url).pathname;
  if (path === "/.well-known/openid-configuration") {
    return Response.json({ issuer: issuer.url, jwks_uri: `${issuer.url}/keys` });
  }
  return path === "/keys" ? Response.json(issuer.keySet()) : new Response(null, { status: 404 });
}

function settingsOf(given: Partial<OidcSettings> = {}): OidcSettings {
  return { name: "ci", issuer: issuer.url, audience: ["larder.example"], jwks: null, ca: null, ...given };
}

/** A larder that has just started, with these issuers. */
async function start(...oidc: readonly OidcSettings[]) {
  const opener = new IssuerOpener({
    variables: {},
    log: { write: (_, message, fields) => void world.lines.push(`${message} ${JSON.stringify(fields)}`) },
    clock: { now: () => world.nowMs, elapsed: () => performance.now() },
    store,
    isOffline: () => world.isOffline,
  });
  const open = async (...next: readonly OidcSettings[]) => (await opener.prepare({ oidc: next, resolvers: [] }))();
  await open(...oidc);
  const checker = new OidcChecker({ providers: () => opener.providers, now: () => world.nowMs });
  const check = async (token: string): Promise<string> => {
    try {
      const principal = await checker.check({ kind: "bearer", token });
      return principal?.kind === "workload" ? `${principal.provider}:${principal.name}` : "nobody";
    } catch (error) {
      return (error as Error).message;
    }
  };
  return { check, open };
}

test("nobody is asked before there is a token, and then once", async () => {
  const { check } = await start(settingsOf());
  expect(server.requests).toEqual([]);
  const token = await issuer.issue();
  expect(await Promise.all([check(token), check(token), check(token)])).toEqual(["ci:job", "ci:job", "ci:job"]);
  expect(server.requests.map(({ url }) => url.pathname)).toEqual(["/.well-known/openid-configuration", "/keys"]);
});

test("a key that is new at the issuer is found, tokens of invented ones cost no more than one look each pause", async () => {
  const { check } = await start(settingsOf());
  await check(await issuer.issue());
  await issuer.rotate();
  world.nowMs += 30_000;
  expect(await check(await issuer.issue())).toBe("ci:job");
  const asked = server.requests.length;
  await issuer.rotate({ isPublished: false });
  for (let number = 0; number < 20; number++) {
    expect(await check(await issuer.issue({}, { kid: `made-up-${number}` }))).toContain(
      "a key that is not among its issuer's",
    );
  }
  expect(server.requests.length).toBe(asked);
});

describe("while the issuer is away", () => {
  test("its last keys count, over a restart, and offline", async () => {
    const before = await start(settingsOf());
    expect(await before.check(await issuer.issue())).toBe("ci:job");
    await server.stop();
    const token = await issuer.issue();
    const restarted = await start(settingsOf());
    expect(await restarted.check(token)).toBe("ci:job");
    world.isOffline = true;
    expect(await (await start(settingsOf())).check(token)).toBe("ci:job");
    // What the store has says nothing of another issuer.
    expect(await (await start(settingsOf({ issuer: `${issuer.url}/other` }))).check(token)).toContain("none of those");
  });

  test("and nothing is known of it, tokens cannot be verified, and the answer and the log say why", async () => {
    await server.stop();
    const { check } = await start(settingsOf());
    const told = await check(await issuer.issue());
    expect(told).toContain("are not known, so that its tokens cannot be verified: GET http://127.0.0.1");
    expect(world.lines[0]).toStartWith("the keys of an issuer cannot be had");
  });

  test("offline it is never asked", async () => {
    world.isOffline = true;
    const { check } = await start(settingsOf());
    expect(await check(await issuer.issue())).toEndWith("larder is offline");
    expect(server.requests).toEqual([]);
  });
});

test.each<[string, () => Response, string]>([
  [
    "another issuer's configuration",
    () => Response.json({ issuer: "https://x.example", jwks_uri: "https://x.example/k" }),
    'is of the issuer "https://x.example"',
  ],
  ["a redirect", () => new Response(null, { status: 302, headers: { location: "/keys" } }), "it leads elsewhere"],
  ["half a gigabyte", () => new Response("x".repeat(300_000)), "sent more than the 262144 bytes"],
  ["a web page", () => new Response("<html>"), "is not JSON"],
])("an issuer that answers with %s is not believed", async (_, answer, why) => {
  server.handle = answer;
  const { check } = await start(settingsOf());
  expect(await check(await issuer.issue())).toContain(why);
});

describe("keys in a file", () => {
  test("are those of an issuer that nobody asks, and are read again when a token names another", async () => {
    const cluster = await makeTokenIssuer("https://kubernetes.default.svc.cluster.local");
    const jwks = join(folder, "keys.json");
    await Bun.write(jwks, JSON.stringify(cluster.keySet()));
    const { check } = await start(settingsOf({ name: "cluster", issuer: cluster.url, jwks }));
    world.isOffline = true;
    const sub = "system:serviceaccount:ci:builder";
    expect(await check(await cluster.issue({ sub }))).toBe(`cluster:${sub}`);
    await cluster.rotate();
    world.nowMs += 1000;
    expect(await check(await cluster.issue({ sub }))).toContain("a key that is not among its issuer's");
    await Bun.write(jwks, JSON.stringify(cluster.keySet()));
    world.nowMs += 1000;
    expect(await check(await cluster.issue({ sub }))).toBe(`cluster:${sub}`);
    expect(server.requests).toEqual([]);
  });

  test.each([
    ["nothing", null, "cannot read"],
    ["no JSON", "-----BEGIN PUBLIC KEY-----", "it is not valid JSON"],
    ["no keys", "{}", "it is no JSON Web Key Set"],
    ["shared secrets", '{"keys":[{"kty":"oct","k":"AA"}]}', "it holds no public key"],
  ])("that hold %s stop the start, and a reload changes nothing", async (_, content, why) => {
    const jwks = join(folder, "keys.json");
    if (content !== null) await Bun.write(jwks, content);
    const { check, open } = await start(settingsOf());
    await expect(open(settingsOf({ jwks }))).rejects.toThrow(/^auth\.oidc: jwks of ci: /);
    await expect(open(settingsOf({ jwks }))).rejects.toThrow(why);
    expect(await check(await issuer.issue())).toBe("ci:job");
  });
});

test("a reload keeps the keys of issuers that have not changed, and takes what has", async () => {
  const { check, open } = await start(settingsOf());
  const token = await issuer.issue();
  await check(token);
  await server.stop();
  store = memoryMetadata().settings;
  await open(settingsOf(), settingsOf({ name: "other", audience: ["other"] }));
  expect(await check(token)).toBe("ci:job");
  await open();
  expect(await check(token)).toContain("none of those that larder was told of");
});

test.skipIf(!hasOpenssl)("an issuer with an authority of its own is asked with that", async () => {
  const certificate = await makeCertificate("DNS:localhost", "IP:127.0.0.1");
  const tls = startWebServer((request) => publish(request), { localhost: certificate });
  issuer = await makeTokenIssuer(`https://localhost:${tls.port}`, "ES256");
  const ca = join(folder, "ca.pem");
  await Bun.write(ca, certificate.cert);
  expect(await (await start(settingsOf({ ca }))).check(await issuer.issue())).toBe("ci:job");
  store = memoryMetadata().settings;
  expect(await (await start(settingsOf())).check(await issuer.issue())).toContain("its authority's file");
  await tls.stop();
});
