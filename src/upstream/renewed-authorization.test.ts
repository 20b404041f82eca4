/** What was good once and is not any more: token services that moved or died, tokens and passwords that expired. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { parseRepositoryPath } from "../oci/repository-name.ts";
import { parseTag } from "../oci/tag.ts";
import type { CredentialSource } from "./auth/credentials.ts";
import type { RegistryClient } from "./registry-client.ts";
import { blobOf, clientOf, failureOf, PATH } from "./registry.fixture.ts";
import { startWebServer, type WebServer } from "./transport/web-server.fixture.ts";

const TAG = parseTag("latest");
const OTHER = parseRepositoryPath("public/other");

let registry: WebServer;
let before: WebServer;
let after: WebServer;
/** The token that the registry takes; its answer to any other. */
let good: string;
let refuse: () => Response;

beforeEach(() => {
  registry = startWebServer((request) =>
    request.headers.get("authorization") === `Bearer ${good}` ? new Response() : refuse(),
  );
  before = startWebServer(() => Response.json({ token: "before" }));
  after = startWebServer(() => Response.json({ token: "after" }));
  good = "before";
  refuse = () => challenge(before);
});
afterEach(async () => {
  for (const server of [registry, before, after]) await server.stop();
});

function challenge(service: WebServer): Response {
  const headers = { "www-authenticate": `Bearer realm="${service.url}/token",service="s"` };
  return new Response("", { status: 401, headers });
}

/** A client that has been let in by `before`. */
async function openedClient(): Promise<RegistryClient> {
  const client = clientOf(registry.url, { limits: { retries: 0, headerTimeoutMs: 300, tokenTimeoutMs: 300 } });
  expect(await client.headManifest(PATH, TAG)).not.toBeNull();
  registry.requests.length = 0;
  before.requests.length = 0;
  return client;
}

/** From now on `after` gives the tokens. */
function move(): void {
  good = "after";
  refuse = () => challenge(after);
}

describe("a token service that moved is found by asking the registry anew, where the old one", () => {
  const ends: readonly (readonly [string, () => unknown])[] = [
    ["is gone", () => before.stop()],
    ["answers 404", () => (before.handle = () => new Response("gone", { status: 404 }))],
    ["answers 401", () => (before.handle = () => new Response("", { status: 401 }))],
    ["answers 500", () => (before.handle = () => new Response("", { status: 500 }))],
    ["answers with a page", () => (before.handle = () => new Response("<html>"))],
    ["leads elsewhere", () => (before.handle = () => Response.redirect("ftp://nowhere.test/", 302))],
    ["says nothing", () => (before.handle = () => new Promise<Response>(() => {}))],
    ["gives tokens of no use", () => (before.handle = () => Response.json({ token: "useless" }))],
  ];
  test.each(ends)("%s", async (_, end) => {
    const client = await openedClient();
    move();
    await end();
    expect(await client.headManifest(OTHER, TAG)).not.toBeNull();
    // And it is known from then on.
    before.requests.length = 0;
    expect(await client.headManifest(parseRepositoryPath("public/third"), TAG)).not.toBeNull();
    expect(before.requests).toEqual([]);
  });
});

test("a token service that died is told of, and asked once for each question", async () => {
  const client = await openedClient();
  before.handle = () => new Response("", { status: 404 });
  expect(await failureOf(client.headManifest(OTHER, TAG))).toMatchObject({ kind: "rejected", status: 404 });
  expect(before.requests.length).toBe(1);
  before.handle = () => Response.json({ token: "before" });
  expect(await client.headManifest(OTHER, TAG)).not.toBeNull();
});

test("what a registry says to one who could not bring a token is no absence", async () => {
  const client = await openedClient();
  before.handle = () => new Response("", { status: 503 });
  refuse = () => new Response("", { status: 404 });
  expect(await failureOf(client.headManifest(OTHER, TAG))).toEqual({ kind: "server-error", status: 503 });
});

test("a registry that wants no token any more is asked without", async () => {
  const client = await openedClient();
  await before.stop();
  refuse = () => new Response();
  expect(await client.headManifest(OTHER, TAG)).not.toBeNull();
});

const page = "<html><head><title>401 Authorization Required</title></head><body><hr>nginx</body></html>";
const expiries: readonly (readonly [string, () => Response, string])[] = [
  ["403 and a line of text", () => new Response("Your token has expired.", { status: 403 }), "Your token has expired."],
  ["401 and a line of text", () => new Response("token expired\n", { status: 401 }), "token expired"],
  ["401 and a page", () => new Response(page, { status: 401 }), "401 Authorization Required"],
  ["401 and nothing at all", () => new Response(null, { status: 401 }), "answered 401"],
];

describe.each(expiries)("what has expired, which a registry says by %s, is renewed once", (_, expired, reason) => {
  // A bare 401 makes larder ask `/v2/` what is wanted; that may say as little.
  const roots = [() => new Response(), () => new Response("", { status: 401 }), () => challenge(before)] as const;

  test.each(roots.map((root, index) => [index, root] as const))("by another token (root %d)", async (_index, root) => {
    const client = await openedClient();
    good = "renewed";
    before.handle = () => Response.json({ token: "renewed" });
    registry.handle = (request) => {
      if (new URL(request.url).pathname === "/v2/") return root();
      return request.headers.get("authorization") === "Bearer renewed" ? new Response() : expired();
    };
    expect(await client.headManifest(PATH, TAG)).not.toBeNull();
    expect([before.requests.length, registry.requests.length]).toEqual([1, 2]);
  });

  test.each(roots.map((root, index) => [index, root] as const))("and else told of (root %d)", async (_index, root) => {
    const client = await openedClient();
    registry.handle = (request) => (new URL(request.url).pathname === "/v2/" ? root() : expired());
    await expect(client.getManifest(PATH, TAG)).rejects.toThrow(reason);
    expect(before.requests.length).toBe(1);
    expect(registry.requests.length).toBeLessThanOrEqual(3);
  });
});

test("a registry that forbids with a challenge is answered as one that refuses with it", async () => {
  refuse = () => new Response("", { status: 403, headers: challenge(before).headers });
  expect(await clientOf(registry.url).headManifest(PATH, TAG)).not.toBeNull();
});

test("an expired token is renewed in the midst of a push, and the same body sent again", async () => {
  const client = await openedClient();
  const bytes = Buffer.from("the layer");
  const received: string[] = [];
  let expiresAtPut = true;
  registry.handle = async (request) => {
    if (request.headers.get("authorization") !== `Bearer ${good}`) return new Response("expired", { status: 403 });
    if (request.method === "HEAD") return new Response("", { status: 404 });
    if (request.method === "POST") return new Response("", { status: 202, headers: { location: "/v2/upload/1" } });
    received.push(await request.text());
    if (!expiresAtPut) return new Response("", { status: 201 });
    [expiresAtPut, good] = [false, "renewed"];
    return new Response("expired", { status: 403 });
  };
  before.handle = () => Response.json({ token: good });
  expect(await client.pushBlob(PATH, blobOf(bytes))).toBe("uploaded");
  expect(received).toEqual(["the layer", "the layer"]);
});

describe("what has expired, which a registry says by 403 and a line of text, is renewed once", () => {
  const expired = () => new Response("Your authorization token has expired.", { status: 403 });

  test("by another password, and only if there is another one", async () => {
    let password = "first";
    const credentials: CredentialSource = {
      find: async () => ({ kind: "password", username: "AWS", password }),
    };
    registry.handle = (request) => {
      const sent = request.headers.get("authorization");
      if (sent === null) return new Response("", { status: 401, headers: { "www-authenticate": "Basic realm=x" } });
      return sent === `Basic ${btoa(`AWS:${good}`)}` ? new Response() : expired();
    };
    good = "first";
    const client = clientOf(registry.url, { credentials });
    expect(await client.headManifest(PATH, TAG)).not.toBeNull();
    [good, password] = ["second", "second"];
    expect(await client.headManifest(PATH, TAG)).not.toBeNull();
    good = "third";
    registry.requests.length = 0;
    expect(await failureOf(client.headManifest(PATH, TAG))).toEqual({ kind: "unauthorized", status: 403 });
    expect(registry.requests.length).toBe(1);
  });

  test("and a new one that is refused as well is an answer", async () => {
    const client = await openedClient();
    good = "none";
    refuse = expired;
    expect(await failureOf(client.headManifest(PATH, TAG))).toEqual({ kind: "unauthorized", status: 403 });
    expect(registry.requests.length).toBeLessThanOrEqual(2);
    registry.requests.length = 0;
    expect(await failureOf(client.headManifest(OTHER, TAG))).toEqual({ kind: "unauthorized", status: 403 });
    expect(registry.requests.length).toBe(1);
  });
});
