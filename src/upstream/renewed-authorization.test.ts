/** What was good once and is not any more: token services that moved or died, tokens and passwords that expired. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { parseRepositoryPath } from "../oci/repository-name.ts";
import { parseTag } from "../oci/tag.ts";
import type { CredentialSource } from "./auth/credentials.ts";
import type { RegistryClient } from "./registry-client.ts";
import { clientOf, failureOf, PATH } from "./registry.fixture.ts";
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

describe("what has expired, which a registry says by 403 and a line of text, is renewed once", () => {
  const expired = () => new Response("Your authorization token has expired.", { status: 403 });

  test("by another token", async () => {
    const client = await openedClient();
    good = "renewed";
    before.handle = () => Response.json({ token: "renewed" });
    refuse = expired;
    expect(await client.headManifest(PATH, TAG)).not.toBeNull();
    expect(before.requests.length).toBe(1);
  });

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
