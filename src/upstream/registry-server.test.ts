import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { parseRepositoryPath } from "../oci/repository-name.ts";
import { parseTag } from "../oci/tag.ts";
import { type CredentialSource, fixedCredentials } from "./auth/credentials.ts";
import { isLoop, newInstanceId, outgoingVia } from "./loop-mark.ts";
import { isNearEnd } from "./transport/rate-limit.ts";
import { clientOf, failureOf, NAMESPACE, PATH } from "./registry.fixture.ts";
import type { UpstreamEvent } from "./upstream-event.ts";
import { startRawServer, startWebServer, type WebServer } from "./transport/web-server.fixture.ts";

const TAG = parseTag("latest");
let server: WebServer;
beforeEach(() => {
  server = startWebServer(() => new Response());
});
afterEach(() => server.stop());

/** Answers with these in turn, then with 200. */
function answerInTurn(...answers: readonly Response[]): void {
  const left = [...answers];
  server.handle = () => left.shift() ?? new Response();
}
const status = (code: number, headers: Record<string, string> = {}): Response =>
  new Response("", { status: code, headers });

describe("what may be repeated is", () => {
  test("after a server's error", async () => {
    answerInTurn(status(500), status(503));
    await clientOf(server.url).ping();
    expect(server.requests.length).toBe(3);
  });

  test("after a connection that breaks", async () => {
    let broken = 0;
    const raw = await startRawServer((socket) => {
      broken += 1;
      if (broken < 3) socket.destroy();
      else socket.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    });
    await clientOf(raw.url).ping();
    await raw.stop();
  });

  test("after a short wait that the server asked for, but not after a long one", async () => {
    answerInTurn(status(429, { "retry-after": "0" }));
    await clientOf(server.url).ping();
    expect(server.requests.length).toBe(2);
    for (const headers of [{ "retry-after": "60" }, {}]) {
      server.requests.length = 0;
      answerInTurn(status(429, headers));
      const retryAfterSeconds = "retry-after" in headers ? 60 : null;
      expect(await failureOf(clientOf(server.url).ping())).toEqual({ kind: "rate-limited", retryAfterSeconds });
      expect(server.requests.length).toBe(1);
    }
  });

  test("a limited number of times, each of which is told", async () => {
    const events: UpstreamEvent[] = [];
    server.handle = () => status(502);
    const client = clientOf(server.url, { observe: (event) => void events.push(event) });
    expect(await failureOf(client.ping())).toEqual({ kind: "server-error", status: 502 });
    expect(
      events.map((event) =>
        event.kind === "failure" ? event.retried : event.kind === "response" ? event.status : event.kind,
      ),
    ).toEqual([502, true, 502, true, 502, false]);
  });

  test("and what may not is not", async () => {
    server.handle = () => status(500);
    expect(await failureOf(clientOf(server.url).deleteManifest(PATH, TAG))).toEqual({
      kind: "server-error",
      status: 500,
    });
    expect(server.requests.length).toBe(1);
  });
});

describe("answers", () => {
  test("that say no are told with the registry's own words", async () => {
    server.handle = () => Response.json({ errors: [{ code: "UNSUPPORTED", message: "not here" }] }, { status: 405 });
    const error = await clientOf(server.url)
      .deleteManifest(PATH, TAG)
      .catch((cause) => cause);
    expect(error.failure).toEqual({ kind: "rejected", status: 405, codes: ["UNSUPPORTED"] });
    expect(error.message).toBe(
      `DELETE ${server.url}/v2/public/app/manifests/latest answered 405: "UNSUPPORTED not here"`,
    );
  });

  test("that say no at endless length are cut", async () => {
    server.handle = () => new Response("x".repeat(1_000_000), { status: 400 });
    expect(await failureOf(clientOf(server.url).getManifest(PATH, TAG))).toEqual({
      kind: "rejected",
      status: 400,
      codes: [],
    });
  });

  test("from what is no registry make ping fail", async () => {
    server.handle = () => status(404);
    expect(await failureOf(clientOf(server.url).ping())).toEqual({ kind: "rejected", status: 404, codes: [] });
    server.handle = () => status(204);
    expect(await failureOf(clientOf(server.url).ping())).toEqual({ kind: "protocol" });
  });

  test("speak of rate limits, which are remembered", async () => {
    const client = clientOf(server.url, { clock: { now: () => 1000, elapsed: () => 1000 } });
    await client.ping();
    expect(client.rateLimit()).toBeNull();
    answerInTurn(status(200, { "ratelimit-limit": "100;w=21600", "ratelimit-remaining": "9;w=21600" }));
    await client.headManifest(PATH, TAG);
    await client.ping();
    const limit = client.rateLimit();
    expect(limit).toEqual({ limit: 100, remaining: 9, windowSeconds: 21600, seenAtMs: 1000 });
    expect(limit !== null && isNearEnd(limit, 1000)).toBe(true);
  });

  test("of 508 mean a loop, which each request can be known by", async () => {
    const instanceId = newInstanceId();
    server.handle = (request) => status(isLoop(instanceId, request.headers.get("via")) ? 508 : 200);
    expect(await failureOf(clientOf(server.url, { instanceId }).ping())).toEqual({ kind: "loop" });
    await clientOf(server.url).ping();
    const far = clientOf(server.url).ping({ via: outgoingVia(newInstanceId(), outgoingVia(instanceId, null)) });
    expect(await failureOf(far)).toEqual({ kind: "loop" });
  });
});

describe("authorization", () => {
  const basic = (user: string): string => `Basic ${btoa(user)}`;

  test("after a 401 without a challenge is what /v2/ asks for", async () => {
    server.handle = (request) => {
      if (request.headers.get("authorization") === basic("a:b")) return new Response();
      const isRoot = new URL(request.url).pathname === "/v2/";
      return status(401, isRoot ? { "www-authenticate": "Basic realm=x" } : {});
    };
    const client = clientOf(server.url, { credentials: fixedCredentials(NAMESPACE, "a", "b") });
    expect(await client.headManifest(PATH, TAG)).not.toBeNull();
    expect(server.requests.map(({ url }) => url.pathname)).toEqual([
      "/v2/public/app/manifests/latest",
      "/v2/",
      "/v2/public/app/manifests/latest",
    ]);
  });

  test("is by token where a server offers both", async () => {
    const token = startWebServer(() => Response.json({ access_token: "t" }));
    server.handle = (request) => {
      if (request.headers.get("authorization") === "Bearer t") return new Response();
      return status(401, { "www-authenticate": `Basic realm="a,b", Bearer realm="${token.url}/?x=1",service=s` });
    };
    await clientOf(server.url, { credentials: fixedCredentials(NAMESPACE, "a", "b") }).ping();
    expect(token.requests[0]?.url.search).toBe("?x=1&service=s&account=a");
    await token.stop();
  });

  test("is by the credentials of each repository, which are asked for once", async () => {
    const asked: (string | null)[] = [];
    const credentials: CredentialSource = {
      async find(_, path) {
        asked.push(path);
        return { kind: "password", username: path ?? "", password: "x" };
      },
    };
    server.handle = (request) => {
      const path = /^\/v2\/(.+)\/manifests/.exec(new URL(request.url).pathname)?.[1] ?? "";
      const isRight = request.headers.get("authorization") === basic(`${path}:x`);
      return isRight ? new Response() : status(401, { "www-authenticate": "Basic realm=x" });
    };
    const client = clientOf(server.url, { credentials });
    for (const path of ["team/a", "team/b", "team/a"]) {
      expect(await client.headManifest(parseRepositoryPath(path), TAG)).not.toBeNull();
    }
    expect(asked).toEqual(["team/a", "team/b"]);
  });
});

test("an endpoint may have a path, before /v2/ or after it", async () => {
  for (const [endpoint, expected] of [
    ["", "/v2/public/app/manifests/latest"],
    ["/", "/v2/public/app/manifests/latest"],
    ["/hub/", "/hub/v2/public/app/manifests/latest"],
    ["/v2/hub", "/v2/hub/public/app/manifests/latest"],
  ] as const) {
    server.requests.length = 0;
    const client = clientOf(server.url + endpoint);
    await client.headManifest(PATH, TAG);
    await client.ping();
    expect(server.requests.map(({ url }) => url.pathname)).toEqual([
      expected,
      endpoint === "/hub/" ? "/hub/v2/" : "/v2/",
    ]);
  }
});

test.each(["", "registry.test", "ftp://registry.test", "https://user:pw@registry.test", "https://registry.test?x=1"])(
  "the endpoint %p is not valid, and its password is not repeated",
  (url) => {
    expect(() => clientOf(url)).toThrow(TypeError);
    expect(() => clientOf(url)).not.toThrow("pw");
  },
);
