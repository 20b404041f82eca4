import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { contentOf, freshName, makeBlob, makeIndex } from "./content-factory.ts";
import { RawConnection, type RawReply, sendPath, sendRaw } from "./raw-http.ts";
import { blobUrl, manifestUrl, pushManifest, send } from "./registry-client.ts";
import { registryUnderTest } from "./registry-under-test.ts";

const registry = registryUnderTest();
let host: string;
const name = freshName("hostile");
beforeAll(async () => {
  host = new URL(registry.url).host;
  await pushManifest(registry.url, name, makeIndex([]), "latest");
});
afterEach(async () => {
  // Whatever came before: the server is there and serves.
  await expectLatest();
});

/** The one tag is there, and nothing else is. */
async function expectLatest(): Promise<void> {
  const tags = await send("GET", `${registry.url}/v2/${name}/tags/list`);
  expect(tags.status).toBe(200);
  expect(JSON.parse(tags.text)).toEqual({ name, tags: ["latest"] });
}

/** Refused politely or by closing the connection, and never answered as if it were good. */
function expectRefused({ status }: RawReply): void {
  const isPolite = (status >= 400 && status < 500) || status === 501 || status === 505;
  expect(status === 0 || isPolite, `status ${status}`).toBe(true);
}

describe("what is no HTTP request", () => {
  test("a TLS ClientHello is answered by HTTP bytes, which makes containerd fall back", async () => {
    const body = Buffer.concat([
      Buffer.from("0303", "hex"),
      randomBytes(32),
      Buffer.from("00000213011301000000", "hex"),
    ]);
    const handshake = Buffer.concat([Buffer.from([1, 0, 0, body.length]), body]);
    const hello = Buffer.concat([Buffer.from([0x16, 3, 1, 0, handshake.length]), handshake]);
    const reply = await sendRaw(registry.url, hello);
    expect(reply.wire.toString("latin1")).toStartWith("HTTP/1.");
    expect(reply.status).toBe(400);
  });

  test.each([
    ["random bytes", randomBytes(4096)],
    ["a line feed", "\n"],
    ["an SSH greeting", "SSH-2.0-OpenSSH_9.2\r\n"],
    ["an HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    ["a request without a version", "GET /v2/\r\n\r\n"],
    ["a version that nobody knows", "GET /v2/ HTTP/9.9\r\nHost: x\r\n\r\n"],
  ])("%s does no harm", async (_what, bytes) => {
    expectRefused(await sendRaw(registry.url, bytes, 1000));
  });
});

describe("headers that are wrong", () => {
  test("HTTP/1.1 without Host is refused", async () => {
    expectRefused(await sendRaw(registry.url, "GET /v2/ HTTP/1.1\r\nAccept: */*\r\n\r\n", 2000));
  });

  test.each(["../../etc", "a b", "x/y", "[::1", "%00", "a".repeat(5000), "", "a:b:c", "user@docker.io"])(
    "Host: %p never fails the server",
    async (value) => {
      const reply = await sendPath(registry.url, "GET", `/v2/${name}/tags/list`, { Host: value });
      expect(reply.status).toBeLessThan(500);
    },
  );

  test.each([
    ["a header of a megabyte", `X-Large: ${"a".repeat(1_000_000)}\r\n`],
    ["ten thousand headers", "X-Many: a\r\n".repeat(10_000)],
    ["a header without a colon", "no colon here\r\n"],
    ["a header with a control character", "X-Bad: a\x01\0b\r\n"],
    ["a negative length", "Content-Length: -5\r\n"],
    ["a length that is a word", "Content-Length: many\r\n"],
    ["an absurd length", "Content-Length: 99999999999999999999999\r\n"],
    ["two different lengths", "Content-Length: 5\r\nContent-Length: 6\r\n"],
    ["an unknown transfer encoding", "Transfer-Encoding: rot13\r\n"],
  ])("%s is refused on an upload", async (_what, lines) => {
    const path = `/v2/${name}/blobs/uploads/?digest=${makeBlob().digest}`;
    expectRefused(await sendRaw(registry.url, `POST ${path} HTTP/1.1\r\nHost: ${host}\r\n${lines}\r\nhello`, 2000));
  });

  test("a path of a hundred thousand characters is refused", async () => {
    const reply = await sendPath(registry.url, "GET", `/v2/${"a/".repeat(50_000)}tags/list`);
    expectRefused(reply);
  });

  test("a length together with chunked encoding cannot smuggle a second request", async () => {
    const smuggled = `DELETE /v2/${name}/manifests/latest HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
    const chunked = `0\r\n\r\n${smuggled}`;
    for (const headers of [
      `Content-Length: ${chunked.length}\r\nTransfer-Encoding: chunked\r\n`,
      `Transfer-Encoding: chunked\r\nContent-Length: ${chunked.length}\r\n`,
      `Transfer-Encoding: identity, chunked\r\nContent-Length: 4\r\n`,
      `Transfer-Encoding : chunked\r\nContent-Length: 5\r\n`,
    ]) {
      const request = `POST /v2/${name}/blobs/uploads/ HTTP/1.1\r\nHost: ${host}\r\n${headers}\r\n${chunked}`;
      const connection = await RawConnection.open(registry.url);
      await connection.write(request);
      const wire = (await connection.read(() => false, 300)).toString("latin1");
      connection.destroy();
      // A 202 of a DELETE would be the second one on this connection.
      expect(wire.match(/HTTP\/1\.1 2/g)?.length ?? 0, `${headers}${wire}`).toBeLessThanOrEqual(1);
      await expectLatest();
    }
  });

  test("fields that follow a body are refused in words, before anything is changed", async () => {
    const { digest } = contentOf("hello, trailer");
    const path = `/v2/${name}/blobs/uploads/?digest=${digest}`;
    const head = `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n`;
    const connection = await RawConnection.open(registry.url);
    await connection.write(head);
    const { status, body } = await connection.answer();
    expect([status, body.toString()]).toEqual([400, expect.stringContaining("without a Trailer")]);
    await connection.write("e\r\nhello, trailer\r\n0\r\nX-Sum: 1\r\n\r\n");
    connection.destroy();
    expect((await send("HEAD", blobUrl(registry.url, name, digest))).status).toBe(404);
  });

  test.each([
    "zz\r\nhello\r\n0\r\n\r\n",
    "-5\r\nhello\r\n0\r\n\r\n",
    "ffffffffffffffffff\r\nhello",
    "5\r\nhelloXX0\r\n\r\n",
  ])("broken chunks %p are not committed", async (chunks) => {
    const { digest } = contentOf("hello");
    const path = `/v2/${name}/blobs/uploads/?digest=${digest}`;
    const head = `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding: chunked\r\n\r\n`;
    expectRefused(await sendRaw(registry.url, head + chunks, 1000));
    expect((await send("HEAD", blobUrl(registry.url, name, digest))).status).toBe(404);
  });

  test("a method in a header does not count", async () => {
    const headers = { "X-HTTP-Method-Override": "DELETE", "X-HTTP-Method": "DELETE" };
    const reply = await send("POST", manifestUrl(registry.url, name, "latest"), { headers });
    expect(reply.status).toBe(405);
  });

  test.each([
    ["TRACE", 405],
    ["OPTIONS", 405],
    ["PROPFIND", 405],
    // The runtime's HTTP parser does not know these, and closes without an answer.
    ["FOO", 0],
    ["get", 0],
  ])("the method %s never fails the server", async (method, status) => {
    const reply = await sendPath(registry.url, method, `/v2/${name}/manifests/latest`);
    expect(reply.status).toBe(status);
    expect(reply.body.toString()).not.toContain("schemaVersion");
  });
});

describe("a query that is wrong", () => {
  test.each([
    "tags/list?n=%zz",
    "tags/list?n[]=1",
    "tags/list?last=%00",
    "tags/list?last=%ff%fe",
    "tags/list?n=1&n=2",
    "tags/list?%",
    `tags/list?last=${"x".repeat(5000)}`,
    "manifests/latest?ns=../../etc",
    "manifests/latest?ns=%00",
    "manifests/latest?ns=a%20b",
    `manifests/latest?ns=${"a".repeat(5000)}`,
    "manifests/latest?ns=",
  ])("%s never fails the server", async (tail) => {
    const reply = await sendPath(registry.url, "GET", `/v2/${name}/${tail}`);
    expect(reply.status).toBeGreaterThan(0);
    expect(reply.status).toBeLessThan(500);
  });
});

describe("unusual but honest HTTP", () => {
  test("two requests in one write are answered in order", async () => {
    const connection = await RawConnection.open(registry.url);
    const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
    await connection.write(get(`/v2/${name}/tags/list`) + get(`/v2/${name}/manifests/none`));
    const wire = await connection.read((bytes) => bytes.includes("MANIFEST_UNKNOWN"));
    connection.destroy();
    const text = wire.toString("latin1");
    expect(text.indexOf(" 200 ")).toBeGreaterThan(-1);
    expect(text.indexOf(" 404 ")).toBeGreaterThan(text.indexOf(" 200 "));
  });

  test("Expect: 100-continue is answered, or the body is taken without", async () => {
    const blob = makeBlob(500);
    const connection = await RawConnection.open(registry.url);
    await connection.write(
      `POST /v2/${name}/blobs/uploads/?digest=${blob.digest} HTTP/1.1\r\nHost: ${host}\r\n` +
        `Content-Length: 500\r\nExpect: 100-continue\r\n\r\n`,
    );
    await connection.read((wire) => wire.includes(" 100 "), 500);
    await connection.write(blob.bytes);
    const wire = await connection.read((bytes) => bytes.includes(" 201 "), 3000);
    connection.destroy();
    expect(wire.toString("latin1")).toContain(" 201 ");
  });

  test("the absolute form of a request's target is understood", async () => {
    const reply = await sendPath(registry.url, "GET", `http://${host}/v2/${name}/tags/list`);
    expect(reply.status).toBe(200);
  });

  test("two hundred connections that say nothing do not keep others out", async () => {
    const idle = await Promise.all(Array.from({ length: 200 }, () => RawConnection.open(registry.url)));
    for (const connection of idle) void connection.write("GET /v2/ HTTP/1.1\r\nHost: ");
    expect((await send("GET", `${registry.url}/v2/`)).status).toBe(200);
    for (const connection of idle) connection.destroy();
  });
});
