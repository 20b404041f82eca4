/**
 * What cannot be had: whoever reads is told the same by manifest and blob, by GET and HEAD, and why. Advice that cannot work is
 * not given.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { makeBlob, makeImage } from "../conformance/content-factory.ts";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { send, withQuery } from "../conformance/registry-client.ts";
import type { Fault } from "./fault.ts";
import { MisbehavingUpstream } from "./misbehaving-upstream.ts";
import { HOST } from "./pull-through.ts";
import { until } from "../until.ts";

/** A proxy's header: who sends it is no program of larder's own machine, and may not write. */
const READER = { "X-Forwarded-For": "192.0.2.7" };
const [REFUSING, NAMELESS, PLAIN] = ["refusing.test", "nameless.test", "plain.test"];

type Situation = {
  readonly what: string;
  readonly fault?: Fault;
  readonly host?: string | null;
  readonly isOffline?: boolean;
  readonly status: number;
  /** By manifest and by blob. */
  readonly codes: readonly [string, string];
  readonly says: RegExp;
};
const UNKNOWN = ["MANIFEST_UNKNOWN", "BLOB_UNKNOWN"] as const;
const UNAVAILABLE = ["UPSTREAM_UNAVAILABLE", "UPSTREAM_UNAVAILABLE"] as const;
const answered = (status: number, more: Partial<Extract<Fault, { kind: "status" }>> = {}): Fault => ({
  kind: "status",
  status,
  ...more,
});

const SITUATIONS: readonly Situation[] = [
  {
    what: "upstream does not have",
    status: 404,
    codes: UNKNOWN,
    says: /upstream\.test has no such (manifest|tag|blob)/,
  },
  { what: "upstream does not show", fault: answered(401), status: 404, codes: UNKNOWN, says: /needs credentials/ },
  { what: "upstream forbids", fault: answered(403), status: 404, codes: UNKNOWN, says: /answered 403/ },
  { what: "upstream refuses", fault: answered(400), status: 502, codes: UNAVAILABLE, says: /answered 400/ },
  {
    what: "upstream limits",
    fault: answered(429),
    status: 429,
    codes: ["TOOMANYREQUESTS", "TOOMANYREQUESTS"],
    says: /429/,
  },
  { what: "upstream fails at", fault: answered(500), status: 502, codes: UNAVAILABLE, says: /answered 500/ },
  {
    what: "upstream leads to a forbidden address for",
    fault: { kind: "redirect", to: "http://169.254.169.254/latest?signature=S3CRET" },
    status: 502,
    codes: UNAVAILABLE,
    says: /169\.254\.169\.254/,
  },
  {
    what: "comes back to larder",
    fault: answered(508),
    status: 508,
    codes: ["LOOP_DETECTED", "LOOP_DETECTED"],
    says: /508/,
  },
  {
    what: "takes no connection",
    host: REFUSING,
    status: 502,
    codes: UNAVAILABLE,
    says: /could not be fetched: .*nobody listens there/,
  },
  { what: "has no address", host: NAMELESS, status: 502, codes: UNAVAILABLE, says: /could not be fetched: .*name/i },
  { what: "speaks no TLS", host: PLAIN, status: 502, codes: UNAVAILABLE, says: /TLS/ },
  {
    what: "nobody stands in for",
    host: "stranger.test",
    status: 404,
    codes: UNKNOWN,
    says: /--stand-in stranger\.test/,
  },
  { what: "no registry is named for", host: null, status: 404, codes: UNKNOWN, says: /upstream\.test has no such/ },
  {
    what: "no registry is named for, and the one to guess fails with",
    host: null,
    fault: answered(501),
    status: 404,
    codes: UNKNOWN,
    says: /answered 501/,
  },
  { what: "may not be asked for offline", isOffline: true, status: 404, codes: UNKNOWN, says: /larder offline off/ },
  {
    what: "is a stranger's, offline",
    host: "stranger.test",
    isOffline: true,
    status: 404,
    codes: UNKNOWN,
    says: /larder is offline, and does not stand in for stranger\.test/,
  },
  { what: "is larder's own, offline", host: null, isOffline: true, status: 404, codes: UNKNOWN, says: /push/ },
];

let upstream: MisbehavingUpstream;
let larder: LarderProcess;
/** Answers to anything in plain text. */
const plain = createServer((socket) => socket.on("error", () => {}).end("HTTP/1.1 400 Bad Request\r\n\r\n"));
beforeAll(async () => {
  await new Promise<void>((resolve) => plain.listen(0, "127.0.0.1", resolve));
  upstream = await MisbehavingUpstream.start();
  const upstreams = { [HOST]: upstream.url, [REFUSING]: "http://127.0.0.1:9", [NAMELESS]: "http://nowhere.invalid" };
  const given = { ...upstreams, [PLAIN]: `https://127.0.0.1:${(plain.address() as AddressInfo).port}` };
  larder = await startLarder({
    arguments: Object.entries(given).flatMap(([host, url]) => ["--upstream", `${host}=${url}`]),
    environment: { LARDER_UNQUALIFIED: HOST },
  });
});
afterAll(async () => {
  plain.close();
  await upstream.stop();
  await larder.kill();
  await rm(larder.dataFolder, { recursive: true, force: true });
});

async function setOffline(offline: boolean): Promise<void> {
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify({ offline });
  expect((await send("PUT", `${larder.url}/api/v1/settings/offline`, { headers, body })).status).toBe(200);
}

let asked = 0;
/** Never the same path twice, so that no answer is remembered. */
function freshUrl(host: string | null, last: string): string {
  const url = `${larder.url}/v2/team/app${asked++}/${last}`;
  return host === null ? url : withQuery(url, "ns", host);
}

for (const { what, fault, host = HOST, isOffline = false, status, codes, says } of SITUATIONS) {
  test(`what ${what} is one answer by manifest and blob, GET and HEAD`, async () => {
    upstream.behave();
    if (fault !== undefined) upstream.misbehave({}, fault);
    await setOffline(isOffline);
    const [manifestCode, blobCode] = codes;
    const things = [
      [() => "manifests/v1", manifestCode],
      [() => `manifests/${makeImage().manifest.digest}`, manifestCode],
      [() => `blobs/${makeBlob().digest}`, blobCode],
    ] as const;
    for (const [path, code] of things) {
      for (const method of ["HEAD", "GET", "HEAD"]) {
        const reply = await send(method, freshUrl(host, path()), { headers: READER });
        expect([method, path(), reply.status]).toEqual([method, expect.anything(), status]);
        if (method === "HEAD") continue;
        const [error] = (JSON.parse(reply.text) as { errors: { code: string; message: string }[] }).errors;
        expect(error?.code).toBe(code);
        expect(error?.message).toMatch(says);
        expectWorkableAdvice(error?.message ?? "", host, isOffline);
      }
    }
  });
}

test("each kind of failure has its line in the log, one a minute however many ask, and without secrets", async () => {
  const failed = () =>
    larder
      .output()
      .split("\n")
      .filter((line) => line.includes('"upstream failed;'))
      .map((line) => JSON.parse(line) as { level: string; image: string; error: string });
  const kinds = [/answered 401/, /answered 400/, /answered 429/, /answered 500/, /169\.254\.169\.254/, /508/];
  const unreached = [/nobody listens/, /nowhere\.invalid/, /TLS/];
  for (const kind of [...kinds, ...unreached]) {
    await until(`the log tells of ${kind}`, () => failed().some(({ error }) => kind.test(error)));
  }
  // Of one registry a line for each kind; the guess of a name without a registry is told of as that registry's.
  expect(failed().filter(({ image }) => image.startsWith(HOST)).length).toBeLessThanOrEqual(kinds.length);
  expect(failed().filter(({ level }) => level !== "warning")).toEqual([]);
  expect(larder.output()).not.toContain("S3CRET");
});

function expectWorkableAdvice(message: string, host: string | null, isOffline: boolean): void {
  // It stands in for the others already, and for `local` there is nobody to stand in for.
  if (host !== "stranger.test" || isOffline) expect(message).not.toContain("--stand-in");
  // What the pull was refused, `larder cache` would be.
  expect(message).not.toContain("larder cache");
  if (!isOffline) expect(message).not.toContain("offline");
}
