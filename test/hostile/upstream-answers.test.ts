/** An upstream that answers anything at all: what is wrong is never served as right, never kept, and harms nobody else. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createServer, type Server, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { digestOf, makeImage, missingDigest, TYPE } from "../conformance/content-factory.ts";
import { isForeignRegistry } from "../conformance/registry-under-test.ts";
import { pushImage, send } from "../conformance/registry-client.ts";
import { ask } from "./expect-decent.ts";
import { hostileRuns } from "./hostile-runs.ts";
import { Sandbox } from "./sandbox.ts";

const RUNS = hostileRuns(60);
const LIMIT_MS = 600_000;
const MEMORY_LIMIT_MIB = 600;
const HOST = "upstream.test";

type Answer = {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: Buffer;
  readonly framing: string;
};

const GOOD = makeImage();
const BOMB = gzipSync(Buffer.alloc(50_000_000));
const layers = (count: number, digest: string) =>
  JSON.stringify({
    schemaVersion: 2,
    mediaType: TYPE.manifest,
    config: { mediaType: TYPE.config, digest, size: 2 },
    layers: Array.from({ length: count }, () => ({ mediaType: TYPE.layer, digest, size: 1 })),
  });
const TEXTS: readonly string[] = [
  "",
  "{}",
  "[]",
  "null",
  "<html>",
  "\xff\xfe",
  "[".repeat(100_000),
  '{"a":'.repeat(50_000),
  '{"errors":[{"code":1,"message":{}}]}',
  '{"token":1}',
  '{"token":"a\\r\\nX-Injected: 1"}',
  `{"name":"x","tags":[${'"a",'.repeat(50_000)}"a"]}`,
  '{"name":"x","tags":{"length":1e9}}',
  '{"schemaVersion":1,"fsLayers":[],"history":[]}',
  '{"schemaVersion":2,"manifests":[null,{"digest":[]},{"digest":"md5:0","size":-1}],"mediaType":"application/vnd.oci.image.index.v1+json"}',
  layers(10_000, missingDigest()),
  layers(3, "md5:d41d8cd98f00b204e9800998ecf8427e"),
  layers(3, "sha256:../../../larder.db"),
  layers(3, `__proto__:${"0".repeat(64)}`),
];
const BODIES: readonly Buffer[] = [
  ...TEXTS.map((text) => Buffer.from(text, "latin1")),
  BOMB,
  Buffer.from(GOOD.manifest.bytes),
  Buffer.alloc(5_000_000, 0x20),
];

const header = fc.constantFrom(
  "Content-Encoding: gzip",
  "Content-Encoding: br, gzip, x",
  `Content-Type: ${TYPE.manifest}`,
  `Content-Type: ${TYPE.index}`,
  "Content-Type: application/vnd.docker.distribution.manifest.v1+prettyjws",
  `Content-Type: application/${"x".repeat(5000)}`,
  `Docker-Content-Digest: ${GOOD.manifest.digest}`,
  "Docker-Content-Digest: md5:0",
  "Docker-Content-Digest: \xff",
  `Docker-Content-Digest: ${missingDigest()}`,
  "Location: /v2/",
  "Location: http://169.254.169.254/latest/meta-data",
  "Location: file:///etc/passwd",
  "Location: //[::1",
  "Location: ?",
  `Location: ${"/x".repeat(20_000)}`,
  'Link: </v2/team/app/tags/list?n=1>; rel="next"',
  'Link: <http://169.254.169.254/>; rel="next"',
  "Link: <>; rel=next, <<>>;;;",
  'WWW-Authenticate: Bearer realm="http://169.254.169.254/token"',
  'WWW-Authenticate: Bearer realm="REALM",service="a\\"b",scope="x"',
  `WWW-Authenticate: Bearer ${'a="b",'.repeat(5000)}`,
  'WWW-Authenticate: Basic realm="',
  "Retry-After: 99999999999999",
  "Retry-After: -1",
  "Content-Range: bytes 5-1/9999999999999999999",
  "RateLimit-Remaining: NaN",
  `X-Large: ${"x".repeat(100_000)}`,
  "Connection: close",
  "Set-Cookie: a=b",
);
const answer: fc.Arbitrary<Answer> = fc.record({
  status: fc.oneof(
    { weight: 4, arbitrary: fc.constant(200) },
    fc.constantFrom(100, 101, 204, 206, 301, 304, 307, 308, 400, 401, 403, 404, 416, 418, 429, 500, 503, 999, 0),
  ),
  headers: fc.array(header, { maxLength: 4 }),
  body: fc.constantFrom(...BODIES),
  framing: fc.constantFrom(
    "right",
    "right",
    "right",
    "long",
    "short",
    "chunked",
    "broken chunks",
    "none",
    "twice",
    "huge",
  ),
});

function wireOf({ status, headers, body, framing }: Answer, port: number): Buffer {
  const lengths: Record<string, string> = {
    right: `Content-Length: ${body.length}\r\n`,
    long: `Content-Length: ${body.length + 10}\r\nConnection: close\r\n`,
    short: `Content-Length: ${Math.max(0, body.length - 10)}\r\nConnection: close\r\n`,
    chunked: "Transfer-Encoding: chunked\r\n",
    "broken chunks": "Transfer-Encoding: chunked\r\n",
    none: "Connection: close\r\n",
    twice: `Content-Length: ${body.length}\r\nContent-Length: 1\r\n`,
    huge: "Content-Length: 99999999999999999999\r\nConnection: close\r\n",
  };
  const lines = headers.map((line) => `${line.replace("REALM", `http://127.0.0.1:${port}/token`)}\r\n`).join("");
  const head = Buffer.from(`HTTP/1.1 ${status} X\r\n${lengths[framing]}${lines}\r\n`, "latin1");
  if (framing === "broken chunks") return Buffer.concat([head, Buffer.from("fffffffffffffffff\r\n"), body]);
  if (framing !== "chunked") return Buffer.concat([head, body]);
  return Buffer.concat([head, Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from("\r\n0\r\n\r\n")]);
}

describe.skipIf(isForeignRegistry)("an upstream that answers anything", () => {
  let sandbox: Sandbox;
  let upstream: Server;
  let [answers, port]: [readonly Answer[], number] = [[], 0];
  const sockets = new Set<Socket>();

  beforeAll(async () => {
    upstream = createServer((socket) => {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("data", () => {
        const [now] = answers;
        if (now === undefined) throw new Error("nobody asks yet");
        // The last one stands: redirects and pages may lead back here without end.
        if (answers.length > 1) answers = answers.slice(1);
        socket.write(wireOf(now, port));
        if (!["right", "chunked", "twice"].includes(now.framing)) socket.end();
      });
    });
    port = await new Promise<number>((resolve) => {
      upstream.listen(0, "127.0.0.1", () => resolve((upstream.address() as { port: number }).port));
    });
    sandbox = await Sandbox.start(["--open", "--upstream", `${HOST}=http://127.0.0.1:${port}`]);
    await pushImage(sandbox.larder.url, "team/own", GOOD, "1");
  }, 60_000);
  afterAll(async () => {
    await sandbox.stop();
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => upstream.close(resolve));
  });

  const asked = fc.constantFrom(
    `manifests/${GOOD.manifest.digest}`,
    "manifests/TAG",
    `blobs/${GOOD.blobs[0]?.digest}`,
    `blobs/${missingDigest()}`,
    `blobs/${missingDigest("sha512")}`,
    "tags/list",
    `referrers/${missingDigest()}`,
  );
  let count = 0;

  test(
    "is never believed, and what it sends is not kept",
    async () => {
      const { url } = sandbox.larder;
      const before = await sandbox.content();
      const property = fc.asyncProperty(asked, fc.array(answer, { minLength: 1, maxLength: 3 }), async (what, all) => {
        answers = all;
        // A repository and a tag of its own, so that no failure is remembered.
        const target = `/v2/team/app${count++}/${what.replace("TAG", `t${count}`)}?ns=${HOST}`;
        const { status, body, headers, wire } = await ask(url, { method: "GET", target, headers: [], body: "" });
        const said = wire.toString("latin1").slice(0, 2000);
        expect([0, 200, 400, 401, 403, 404, 429, 502, 503, 508], said).toContain(status);
        expect([...headers.keys()]).not.toContain("x-injected");
        if (status !== 200 || !/^(?:manifests|blobs)/.test(what)) return;
        const promised = what.includes(":") ? what.slice(what.indexOf("/") + 1) : headers.get("docker-content-digest");
        // One that breaks off in the midst of its body was no answer.
        const isWhole =
          body.length === Number(headers.get("content-length")) || wire.toString("latin1").endsWith("\r\n0\r\n\r\n");
        if (isWhole)
          expect(digestOf(body, promised?.startsWith("sha512") === true ? "sha512" : "sha256")).toBe(promised ?? "");
      });
      await fc.assert(property, { numRuns: RUNS });
      expect((await send("GET", `${url}/healthz`)).status).toBe(200);
      expect(sandbox.larder.output()).not.toContain("a request failed");
      expect(await sandbox.strays()).toEqual([]);
      expect(await sandbox.residentMib()).toBeLessThan(MEMORY_LIMIT_MIB);
      for (const file of await sandbox.content()) {
        const [, name = ""] = /\/blobs\/.*\/([0-9a-f]{64,})$/.exec(file) ?? [];
        if (!before.includes(file)) expect(digestOf(await Bun.file(file).bytes())).toBe(`sha256:${name}`);
      }
    },
    LIMIT_MS,
  );
});
