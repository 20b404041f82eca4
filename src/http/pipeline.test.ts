import { describe, expect, test } from "bun:test";
import { tryParseIpNetwork } from "../lib/net/ip-network.ts";
import { RegistryError } from "../oci/registry-error.ts";
import type { LogFields } from "../telemetry/log.ts";
import { Exchange } from "./exchange.ts";
import { exchangeOf, listenerOf, pipelineOf } from "./exchange.fixture.ts";
import type { Pages } from "./pages.ts";

type Seen = { readonly path: string; readonly status: number; readonly tookMs: number; readonly exchange: Exchange };

/** A pipeline whose pages answer everything, with what it tells its observer and its log. */
function lab(answer: Pages["answer"], more: Partial<Pages> = {}) {
  const seen: Seen[] = [];
  const lines: { readonly level: string; readonly message: string; readonly fields: LogFields | undefined }[] = [];
  let nowMs = 0;
  const pipeline = pipelineOf({
    pages: [
      { name: "none", answer: () => null },
      { name: "lab", answer, ...more },
    ],
    observers: [
      {
        answered: (exchange, status, tookMs) => void seen.push({ path: exchange.path, status, tookMs, exchange }),
      },
    ],
    log: { write: (level, message, fields) => void lines.push({ level, message, fields }) },
    elapsed: () => nowMs++,
  });
  const ask = (path: string, init: RequestInit = {}) =>
    pipeline.handle(new Request(`http://larder.test${path}`, init), listenerOf("10.0.0.9"));
  return { ask, seen, lines };
}

describe("the pipeline", () => {
  test("gives each request an id, and takes over one that is sane", async () => {
    const { ask } = lab(() => new Response("here"));
    const idOf = async (given?: string) =>
      (await ask("/x", given === undefined ? {} : { headers: { "X-Request-ID": given } })).headers.get("x-request-id");
    expect([await idOf(), await idOf()]).toEqual(["test-0", "test-1"]);
    expect(await idOf("4bf92f35-77b3.4da6:1")).toBe("4bf92f35-77b3.4da6:1");
    for (const bad of ["", "a b", "a\tb", 'a"b', "a,b", "é", "x".repeat(129), "${jndi:ldap://x}", "<script>"]) {
      expect(await idOf(bad)).toMatch(/^test-/);
    }
    expect(await idOf("x".repeat(128))).toHaveLength(128);
  });

  test("tells its observers of each request once, with what pages noted and how long it took", async () => {
    const { ask, seen } = lab(async (exchange) => {
      exchange.record.route = "lab";
      return new Response("here", { status: 201 });
    });
    await ask("/a/b?secret=1");
    expect(seen.map(({ path, status, tookMs }) => [path, status, tookMs])).toEqual([["/a/b", 201, 1]]);
    expect(seen[0]?.exchange.record.route).toBe("lab");
    expect(seen[0]?.exchange.remote()).toBe("10.0.0.9");
  });

  test.each(["thrown", "rejected"])("turns a fault that is %s into the answer that its pages write", async (how) => {
    const fault = new RegistryError("NAME_UNKNOWN", "no such thing");
    const answer = () => {
      if (how === "thrown") throw fault;
      return Promise.reject(fault);
    };
    const plain = lab(answer);
    const told = await plain.ask("/x");
    expect([told.status, await told.json()]).toEqual([
      404,
      { errors: [{ code: "NAME_UNKNOWN", message: "no such thing" }] },
    ]);
    expect(plain.seen[0]?.exchange.record.fault).toBe(fault);
    expect(plain.lines).toEqual([]);
    const own = lab(answer, { explain: (error) => new Response(String(error), { status: 418 }) });
    expect(await (await own.ask("/x")).text()).toContain("no such thing");
  });

  test("logs a fault of larder's own once, with the request's id, and tells the client nothing of it", async () => {
    const { ask, lines } = lab(() => Promise.reject(new TypeError("a secret of the house")));
    const response = await ask("/x?token=abc");
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("secret");
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ level: "error", fields: { path: "/x", requestId: "test-0" } });
    expect(JSON.stringify(lines)).toContain("a secret of the house");
    expect(JSON.stringify(lines)).not.toContain("abc");
  });

  test("a client that has left is nobody's fault", async () => {
    const client = new AbortController();
    const { ask, lines, seen } = lab(({ request }) => {
      client.abort();
      return Promise.reject(request.signal.reason as Error);
    });
    expect((await ask("/x", { signal: client.signal })).status).toBe(499);
    expect(lines).toEqual([]);
    expect(seen[0]?.exchange.record).toMatchObject({ hasLeft: true, fault: null });
  });

  test("an answer does not suffer from who is told of it", async () => {
    const lines: string[] = [];
    const broken = {
      answered: () => {
        throw new Error("it counts wrongly");
      },
    };
    const pipeline = pipelineOf({
      pages: [{ name: "lab", answer: () => new Response("here") }],
      observers: [broken],
      log: { write: (_, message, fields) => void lines.push(`${message} ${JSON.stringify(fields)}`) },
    });
    const response = await pipeline.handle(new Request("http://larder.test/"), listenerOf(null));
    expect(await response.text()).toBe("here");
    expect(lines.join()).toContain("it counts wrongly");
  });

  test("a request for several hosts is answered by nobody", async () => {
    const { ask, seen } = lab(() => new Response("here"));
    for (const host of ["larder.lan, evil.example", "larder.lan, larder.lan", ", larder.lan"]) {
      const told = await ask("/x", { headers: { Host: host } });
      expect([told.status, await told.text()]).toEqual([400, expect.stringContaining("more than one host")]);
    }
    expect((await ask("/x", { headers: { Host: "larder.lan:5000" } })).status).toBe(200);
    expect(seen.map(({ status }) => status)).toEqual([400, 400, 400, 200]);
  });

  test("what nobody answers is not there", async () => {
    const { ask } = lab(() => null);
    expect((await ask("/nowhere")).status).toBe(404);
  });

  test("asks who it is once", async () => {
    let asked = 0;
    const authenticator = {
      authenticate: () => {
        asked++;
        return Promise.resolve({ kind: "own-machine" as const });
      },
    };
    const answer = async (exchange: Exchange) => {
      await Promise.all([exchange.principal(), exchange.principal()]);
      return new Response(null);
    };
    const pipeline = pipelineOf({ pages: [{ name: "lab", answer }], authenticator });
    await pipeline.handle(new Request("http://larder.test/"), listenerOf(null));
    expect(asked).toBe(1);
  });
});

describe("an answer that larder streams", () => {
  const bytes = new Uint8Array(1000);
  function sourceOf(chunks: number, failure: Error | null = null): ReadableStream<Uint8Array> {
    let sent = 0;
    return new ReadableStream({
      pull(controller) {
        if (sent++ < chunks) controller.enqueue(bytes);
        else if (failure === null) controller.close();
        else controller.error(failure);
      },
    });
  }

  test("is told of when it has ended, with the bytes that went out", async () => {
    const { ask, seen } = lab((exchange) => new Response(exchange.streamed(sourceOf(3))));
    const response = await ask("/x");
    expect(seen).toEqual([]);
    expect((await response.bytes()).byteLength).toBe(3000);
    expect(seen.map(({ exchange: { record } }) => [record.bytesOut, record.hasLeft, record.fault])).toEqual([
      [3000, false, null],
    ]);
  });

  test("is told of when its client leaves", async () => {
    const { ask, seen } = lab((exchange) => new Response(exchange.streamed(sourceOf(3))));
    const reader = (await ask("/x")).body?.getReader();
    await reader?.read();
    await reader?.cancel();
    expect(seen.map(({ exchange: { record } }) => [record.bytesOut, record.hasLeft])).toEqual([[1000, true]]);
  });

  test("is told of when its source fails", async () => {
    const failure = new Error("upstream broke off");
    const { ask, seen } = lab((exchange) => new Response(exchange.streamed(sourceOf(2, failure))));
    const response = await ask("/x");
    await expect(response.bytes()).rejects.toThrow("upstream broke off");
    expect(seen.map(({ exchange: { record } }) => [record.bytesOut, record.fault])).toEqual([[2000, failure]]);
  });
});

test("an exchange knows its path and query as they were sent", () => {
  const asked = (url: string) => exchangeOf(new Request(url));
  expect(asked("http://h/v2/a%2fb/tags/list?n=1&x=%20").path).toBe("/v2/a%2fb/tags/list");
  expect(asked("http://h/v2/?n=1&x=%20").search).toBe("n=1&x=%20");
  expect(asked("http://h/v2/?n=1&x=%20").query.get("x")).toBe(" ");
  expect([...asked("http://h/v2/").query]).toEqual([]);
});

test("events come from the client, by the word of a trusted proxy alone", () => {
  const proxy = tryParseIpNetwork("127.0.0.1");
  const asking = () => ({ trustedProxies: proxy === null ? [] : [proxy], publicUrl: null, basicRealm: null });
  const request = new Request("http://h/v2/", { headers: { "X-Forwarded-For": "10.20.0.13" } });
  const from = (address: string | null, keeper = pipelineOf({ pages: [], asking })) =>
    new Exchange(request, listenerOf(address), keeper).from;
  expect(from("127.0.0.1")).toBe("10.20.0.13");
  expect(from("10.0.0.9")).toBe("10.0.0.9");
  expect(from("127.0.0.1", pipelineOf({ pages: [] }))).toBe("127.0.0.1");
  expect(from(null)).toBeNull();
});
