/** Requests whose ends two readers could see in different places: none is ever taken for two, or for another one. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { makeIndex } from "../conformance/content-factory.ts";
import { RawConnection } from "../conformance/raw-http.ts";
import { manifestUrl, pushManifest, send } from "../conformance/registry-client.ts";
import { isForeignRegistry } from "../conformance/registry-under-test.ts";
import { hostileRuns } from "./hostile-runs.ts";
import { Sandbox } from "./sandbox.ts";

const RUNS = hostileRuns(250);
/** Which of two readings is right, no answer tells: so long is waited for a second one. */
const QUIET_MS = 60;
const LIMIT_MS = 600_000;
const NAME = "team/framed";
const TAGGED = makeIndex([]);

describe.skipIf(isForeignRegistry)("a request whose end is in doubt", () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await Sandbox.start(["--open"]);
  }, 60_000);
  afterAll(() => sandbox.stop());

  const length = fc.constantFrom(
    "0",
    "4",
    "5",
    "+5",
    "-5",
    "5, 5",
    "5,6",
    "0x5",
    "5 ",
    "\t5",
    "005",
    "5\v",
    "4294967301",
    "18446744073709551621",
    "",
  );
  const coding = fc.constantFrom(
    "chunked",
    "Chunked",
    "chunked, chunked",
    "identity, chunked",
    "chunked, identity",
    "xchunked",
    "chunked ",
    "\vchunked",
    '"chunked"',
    "chunked;a=b",
    "gzip, chunked",
    ", chunked",
    "\x00chunked",
    "",
  );
  const name = (text: string) =>
    fc.constantFrom(
      text,
      text.toLowerCase(),
      `${text} `,
      ` ${text}`,
      `${text}\t`,
      `X\r\n ${text}`,
      text.replace("-", "_"),
    );
  const end = fc.oneof(
    { weight: 8, arbitrary: fc.constant("\r\n") },
    fc.constantFrom("\n", "\r", "\r\n\r", "\r\n\t", "\r\n folded: x\r\n"),
  );
  const field = fc.oneof(
    fc.tuple(name("Content-Length"), fc.constantFrom(":", ": "), length, end),
    fc.tuple(name("Transfer-Encoding"), fc.constantFrom(":", ": ", ":\r\n "), coding, end),
    fc.tuple(
      fc.constant("X-Other"),
      fc.constant(": "),
      fc.constantFrom("a", "a\rb", "a\x00b", "a\nContent-Length: 5"),
      end,
    ),
  );
  const head = fc.record({
    method: fc.constantFrom("POST", "GET", "PUT", "HEAD", "PATCH"),
    version: fc.constantFrom("HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "http/1.1", "HTTP/1.2"),
    fields: fc.array(
      field.map((parts) => parts.join("")),
      { minLength: 1, maxLength: 4 },
    ),
    opening: fc.constantFrom(
      "",
      "0\r\n\r\n",
      "5\r\nhello\r\n0\r\n\r\n",
      "hello",
      "5;x=y\r\nhello\r\n0\r\n\r\n",
      "5\nhello\n0\n\n",
      "05\r\nhello\r\n0\r\n\r\n",
      "0\r\nX: y\r\n\r\n",
      "5\r\nhelloX0\r\n\r\n",
    ),
  });

  test(
    "is refused, or read as what the specification makes of it",
    async () => {
      const { url } = sandbox.larder;
      const { host } = new URL(url);
      // What would be the second request changes something, if it is ever taken for one.
      const hidden = `DELETE /v2/${NAME}/manifests/latest HTTP/1.1\r\nHost: ${host}\r\nX-Rest: `;
      const property = fc.asyncProperty(head, async ({ method, version, fields, opening }) => {
        fc.pre(!isPlain(fields));
        // Should the one before have lost it.
        await pushManifest(url, NAME, TAGGED, "latest");
        const connection = await RawConnection.open(url);
        const start = `${method} /v2/${NAME}/blobs/uploads/ ${version}\r\nHost: ${host}\r\n`;
        void connection.write(`${start}${fields.join("")}\r\n${opening}${hidden}\r\n\r\n`);
        const wire = (await connection.read(() => false, QUIET_MS)).toString("latin1");
        connection.destroy();
        expect(wire.match(/^HTTP\/1\.1 2/gm)?.length ?? 0, wire).toBeLessThanOrEqual(1);
        expect(wire).not.toMatch(/^HTTP\/1\.1 5(?!05)/m);
        expect((await send("HEAD", manifestUrl(url, NAME, "latest"))).status, wire).toBe(200);
      });
      await fc.assert(property, { numRuns: RUNS });
      expect(sandbox.larder.output()).not.toContain("a request failed");
    },
    LIMIT_MS,
  );
});

/** Do all readers agree where this one ends? Then what follows is a second request, and rightly answered. */
function isPlain(fields: readonly string[]): boolean {
  const framing = fields.filter((field) => /^(?:content-length|transfer-encoding):/i.test(field));
  const isFramed = /^(?:content-length: ?\t?(?:0|4|5|005) ?|transfer-encoding: ?(?:, )?chunked ?)\r\n$/i;
  return (
    fields.every((field) => /^[\w-]+:[\t -~]*\r\n$/.test(field)) &&
    framing.length <= 1 &&
    framing.every((field) => isFramed.test(field))
  );
}
