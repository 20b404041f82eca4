import { describe, expect, test } from "bun:test";
import type { OperationId } from "../admin/contract.ts";
import { parseRepositoryPath, type Namespace } from "../oci/repository-name.ts";
import { RegistryError } from "../oci/registry-error.ts";
import { tryParseIpNetwork } from "../lib/net/ip-network.ts";
import type { LogForm } from "../telemetry/log-form.ts";
import { LineLog } from "../telemetry/line-log.ts";
import type { LogLevel } from "../telemetry/log.ts";
import type { Exchange } from "./exchange.ts";
import type { ExchangeRecord } from "./exchange-record.ts";
import { listenerOf, pipelineOf } from "./exchange.fixture.ts";
import { formatAmount, formatTime } from "./request-line.ts";
import { RequestLog } from "./request-log.ts";

const JSON_FORM: LogForm = { format: "json", isTerminal: false, isColoured: false, isJournal: false };
const SCREEN: LogForm = { format: "human", isTerminal: true, isColoured: false, isJournal: false };
const NGINX = { namespace: "docker.io" as Namespace, path: parseRepositoryPath("library/nginx") };
const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;

type Asked = {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly note?: Partial<ExchangeRecord>;
  readonly answer?: (exchange: Exchange) => Response;
  readonly least?: LogLevel;
  readonly form?: LogForm;
  readonly proxies?: readonly string[];
};

/** The lines that one request leaves. */
async function linesOf({
  path = "/x",
  method = "GET",
  headers = {},
  note = {},
  answer,
  ...rest
}: Asked): Promise<string> {
  let written = "";
  const log = new LineLog(
    (line) => (written += line),
    rest.least ?? "info",
    () => 0,
    rest.form ?? JSON_FORM,
  );
  let nowMs = 0;
  const proxies = (rest.proxies ?? []).map(tryParseIpNetwork).filter((network) => network !== null);
  const pages = {
    name: "lab",
    answer: (exchange: Exchange) => {
      Object.assign(exchange.record, note);
      nowMs += 12.34;
      return answer?.(exchange) ?? new Response("here");
    },
  };
  const pipeline = pipelineOf({
    pages: [pages],
    observers: [
      new RequestLog(
        log,
        () => proxies,
        () => true,
      ),
    ],
    log,
    elapsed: () => nowMs,
  });
  const request = new Request(`http://larder.test${path}`, { method, headers });
  await (await pipeline.handle(request, listenerOf("10.0.0.9"))).text();
  return written;
}

const refuse = (code: ConstructorParameters<typeof RegistryError>[0], message: string) => () => {
  throw new RegistryError(code, message);
};

test("a request is a line: who asked for what, what came, how long it took, and where it came from", async () => {
  const line = await linesOf({
    headers: { "X-Request-ID": "node7-42" },
    note: {
      route: "manifest",
      repository: NGINX,
      reference: "1.27",
      source: "upstream",
      upstream: NGINX.namespace,
      bytesOut: 1234,
    },
  });
  expect(JSON.parse(line)).toEqual({
    time: "1970-01-01T00:00:00.000Z",
    level: "info",
    message: "request",
    requestId: "node7-42",
    client: "10.0.0.9",
    method: "GET",
    route: "manifest",
    repository: "docker.io/library/nginx",
    reference: "1.27",
    status: 200,
    ms: 12.3,
    bytes: 1234,
    source: "upstream",
    upstream: "docker.io",
  });
});

test("on a screen it is columns that fit into 80", async () => {
  const note: Partial<ExchangeRecord> = {
    route: "blob",
    repository: NGINX,
    reference: "1.27",
    source: "disk",
    bytesOut: 1536,
  };
  const line = await linesOf({ form: SCREEN, note });
  expect(line).toMatch(
    /^\d\d:\d\d:\d\d GET {4}200 {2}1\.5 kB {3}12 ms disk {2}docker\.io\/library\/nginx:1\.27 10\.0\.0\.9\n$/,
  );
  expect(line.length).toBeLessThanOrEqual(81);
  const other = await linesOf({ form: SCREEN, note: { ...note, reference: DIGEST, bytesOut: 123_456_789_012 } });
  expect(other).toContain("200  123 GB   12 ms disk  docker.io/library/nginx@sha256:0123456789ab 10.0.0.9");
});

test("what was asked for is told by its path where it is of no repository, without its query", async () => {
  const line = await linesOf({ path: "/client/containerd.sh?token=s3cret", note: { route: "client" } });
  expect(JSON.parse(line)).toMatchObject({ route: "client", path: "/client/containerd.sh" });
  expect(line).not.toContain("s3cret");
});

test("behind a trusted proxy, the one who asked is the client that it tells of, and else the proxy", async () => {
  const clientOf = async (headers: Record<string, string>, proxies: readonly string[]) =>
    (JSON.parse(await linesOf({ headers, proxies })) as { client: string }).client;
  const [here, elsewhere] = [["10.0.0.0/24"], ["192.0.2.1"]];
  expect(await clientOf({ "X-Forwarded-For": "203.0.113.7" }, here)).toBe("203.0.113.7");
  expect(await clientOf({ "X-Forwarded-For": "1.2.3.4, 203.0.113.7" }, here)).toBe("203.0.113.7");
  expect(await clientOf({ Forwarded: 'for="[2001:db8::1]:4711"' }, here)).toBe("2001:db8::1");
  for (const untold of [
    {},
    { "X-Forwarded-For": 'x","level":"error' },
    { Forwarded: "for=1.2.3.4", "X-Forwarded-For": "203.0.113.7" },
  ]) {
    expect(await clientOf(untold as Record<string, string>, here)).toBe("10.0.0.9");
  }
  expect(await clientOf({ "X-Forwarded-For": "203.0.113.7" }, elsewhere)).toBe("10.0.0.9");
});

test("headers never stand in a line", async () => {
  const headers = { Authorization: "Basic c2VjcmV0", Cookie: "session=abc", "User-Agent": "x" };
  expect(await linesOf({ headers, least: "debug" })).not.toMatch(/c2VjcmV0|session|abc/);
});

describe("a line cannot be forged", () => {
  const EVIL = 'x\n{"level":"error"}\u001b[2J\u202e"';

  test.each([JSON_FORM, SCREEN])("by %p", async (form) => {
    const asked = [
      { note: { repository: NGINX, reference: EVIL } },
      { path: `/${encodeURIComponent(EVIL)}` },
      { answer: refuse("NAME_INVALID", EVIL) },
      { headers: { "X-Request-ID": '","level":"error' } },
    ];
    for (const one of asked) {
      const line = await linesOf({ ...one, form });
      expect(line.match(/\n/g)).toHaveLength(1);
      expect(line.trim()).not.toMatch(/[\p{Cc}\u202e]/u);
      if (form === JSON_FORM) expect(JSON.parse(line)).not.toMatchObject({ level: "error" });
    }
  });

  test("nor made long", async () => {
    const long = "x".repeat(100_000);
    expect((await linesOf({ note: { repository: NGINX, reference: long } })).length).toBeLessThan(1000);
    expect((await linesOf({ path: `/${long}` })).length).toBeLessThan(1000);
    expect((await linesOf({ answer: refuse("NAME_INVALID", long) })).length).toBeLessThan(2000);
  });
});

describe("how much a request matters", () => {
  const levelOf = async (asked: Asked) => {
    const lines = (await linesOf({ least: "debug", ...asked })).trim().split("\n");
    return (JSON.parse(lines.at(-1) ?? "") as { level: string }).level;
  };
  const status = (code: number) => ({ answer: () => new Response(null, { status: code }) });

  test.each([
    ["a pull", {}, "info"],
    ["a ping", { note: { route: "base" } }, "debug"],
    ["a ping that fails", { note: { route: "base" }, ...status(502) }, "warning"],
    ["a challenge", status(401), "debug"],
    ["a look for what is not there", { method: "HEAD", ...status(404) }, "debug"],
    ["a pull of what is not there", status(404), "info"],
    ["a failure of upstream", { answer: refuse("UPSTREAM_UNAVAILABLE", "away") }, "warning"],
    ["a refusal", { answer: refuse("DENIED", "not you") }, "warning"],
  ] as const)("%s", async (_, asked, level) => {
    expect(await levelOf(asked)).toBe(level);
  });

  test("what does not matter enough is not written", async () => {
    expect(await linesOf({ note: { route: "base" } })).toBe("");
    for (const id of ["getVersion", "getHealth"] as const satisfies readonly OperationId[]) {
      expect(await linesOf({ note: { route: `admin:${id}` } })).toBe("");
    }
    expect(await linesOf({ least: "warning" })).toBe("");
  });
});

test("why there is no better answer is told with its code, and on a screen with the request's id", async () => {
  const asked = { answer: refuse("MANIFEST_UNKNOWN", "nginx:9 is nowhere") };
  expect(JSON.parse(await linesOf(asked))).toMatchObject({ code: "MANIFEST_UNKNOWN", error: "nginx:9 is nowhere" });
  expect(await linesOf({ ...asked, form: SCREEN })).toEndWith(" MANIFEST_UNKNOWN: nginx:9 is nowhere [test-0]\n");
});

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1.0 kB"],
  [9949, "9.9 kB"],
  [9951, "10 kB"],
  [999_499, "999 kB"],
  [999_500, "1.0 MB"],
  [2_500_000_000, "2.5 GB"],
  [Number.MAX_SAFE_INTEGER, "9007 TB"],
])("%i bytes are %s", (bytes, text) => {
  expect(formatAmount(bytes)).toBe(text);
});

test.each([
  [0, "0.0 ms"],
  [9.94, "9.9 ms"],
  [9.96, "10 ms"],
  [999.4, "999 ms"],
  [999.6, "1.0 s"],
  [9960, "10 s"],
  [99_940, "100 s"],
  [99_960, "2 min"],
  [5_400_000, "90 min"],
])("%d milliseconds are %s", (ms, text) => {
  expect(formatTime(ms)).toBe(text);
});
