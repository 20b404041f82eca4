import { afterEach, beforeEach, describe, expect, jest, test } from "bun:test";
import { digestOf } from "../oci/digest.ts";
import { parseTag } from "../oci/tag.ts";
import { type CuttingProxy, startCuttingProxy } from "./transport/cutting-proxy.fixture.ts";
import { fixedCredentials } from "./auth/credentials.ts";
import { hasDockerRegistry, startDockerRegistry } from "./docker-registry.fixture.ts";
import type { RegistryClient } from "./registry-client.ts";
import { blobOf, bytesOf, clientOf, failureOf, NAMESPACE, PATH, randomBytes } from "./registry.fixture.ts";
import { startUploadServer, type UploadServer } from "./upload-server.fixture.ts";
import { startRawServer, startWebServer } from "./transport/web-server.fixture.ts";

const bytes = randomBytes(2_000_000);
const digest = digestOf(bytes);
const large = randomBytes(4_000_000);
const TAG = parseTag("v1");
let server: UploadServer;
let proxy: CuttingProxy;
let client: RegistryClient;
beforeEach(async () => {
  server = startUploadServer();
  proxy = await startCuttingProxy(server.web.url);
  client = clientOf(proxy.url);
});
afterEach(async () => {
  await proxy.stop();
  await server.web.stop();
});

describe("an upload", () => {
  test("is one PUT when nothing goes wrong, and known to the byte beforehand", async () => {
    const blob = blobOf(bytes);
    expect(await client.pushBlob(PATH, blob)).toBe("uploaded");
    expect(server.log).toEqual(["HEAD", "POST", "PUT"]);
    expect(server.web.requests.at(-1)?.headers.get("content-length")).toBe("2000000");
    expect(server.web.requests.at(-1)?.url.searchParams.get("digest")).toBe(digest);
    expect(blob.opened).toEqual([0]);
    expect(await client.pushBlob(PATH, blob)).toBe("present");
  });

  test("of unknown length is one PATCH and a PUT of nothing", async () => {
    expect(await client.pushBlob(PATH, blobOf(bytes, { knownSize: false }))).toBe("uploaded");
    expect(server.log).toEqual(["HEAD", "POST", "PATCH", "PUT"]);
    expect(server.web.requests[2]?.headers.get("content-length")).toBeNull();
  });

  test.each([true, false])("goes on where it broke off (length known: %p)", async (knownSize) => {
    proxy.cutAfterBytes = 900_000;
    const blob = blobOf(bytes, { knownSize });
    expect(await client.pushBlob(PATH, blob)).toBe("uploaded");
    expect(server.blobs.get(digest)).toEqual(bytes);
    const [, resumedAt = 0] = blob.opened;
    expect(blob.opened).toHaveLength(2);
    expect(resumedAt).toBeGreaterThan(500_000);
    const patch = knownSize ? `PATCH ${resumedAt}-1999999` : "PATCH";
    expect(server.log).toEqual(["HEAD", "POST", knownSize ? "PUT" : "PATCH", "HEAD", "GET", patch, "PUT"]);
  });

  test("begins anew when its session is lost", async () => {
    server.losesSessions = true;
    proxy.cutAfterBytes = 900_000;
    const blob = blobOf(bytes);
    expect(await client.pushBlob(PATH, blob)).toBe("uploaded");
    expect(blob.opened).toEqual([0, 0]);
    expect(server.log).toEqual(["HEAD", "POST", "PUT", "HEAD", "GET", "POST", "PUT"]);
  });

  test("begins anew when the registry may have a byte of it or none", async () => {
    server.failures = 1;
    expect(await client.pushBlob(PATH, blobOf(bytes))).toBe("uploaded");
    expect(server.log).toEqual(["HEAD", "POST", "PUT", "HEAD", "GET", "POST", "PUT"]);
  });

  describe("that is too large for a proxy on its way", () => {
    test.each([true, false])("goes in chunks that are small enough (length known: %p)", async (knownSize) => {
      server.longestBody = 1_048_576;
      const blob = blobOf(large, { knownSize });
      expect(await client.pushBlob(PATH, blob)).toBe("uploaded");
      expect(server.blobs.get(blob.digest)).toEqual(large);
      // What the chunks are cut from is read once for each size that is tried: half of what was refused, and of 32 MiB where
      // nobody knows how much that was.
      expect(blob.opened).toEqual(Array.from({ length: knownSize ? 2 : 7 }, () => 0));
      const chunk = 1_048_576;
      const sent = [0, chunk, 2 * chunk, 3 * chunk].map((from) => `PATCH ${from}-${Math.min(from + chunk, 4e6) - 1}`);
      if (knownSize) expect(server.log.slice(-5)).toEqual([...sent, "PUT"]);
    });

    test("and others after it know the size already", async () => {
      server.longestBody = 1_048_576;
      await client.pushBlob(PATH, blobOf(large));
      server.log.length = 0;
      expect(await client.pushBlob(PATH, blobOf(bytes))).toBe("uploaded");
      expect(server.log).toEqual(["HEAD", "POST", "PATCH 0-1048575", "PATCH 1048576-1999999", "PUT"]);
      server.log.length = 0;
      expect(await client.pushBlob(PATH, blobOf(bytes.slice(1_000_000)))).toBe("uploaded");
      expect(server.log).toEqual(["HEAD", "POST", "PUT"]);
    });

    test("goes on after a break among its chunks", async () => {
      server.longestBody = 1_048_576;
      await client.pushBlob(PATH, blobOf(bytes));
      server.log.length = 0;
      const { handle } = server.web;
      server.web.handle = async (request) => {
        const answer = await handle(request);
        if (server.log.length === 3) proxy.cutAfterBytes = 100_000;
        return answer;
      };
      const blob = blobOf(large);
      expect(await client.pushBlob(PATH, blob)).toBe("uploaded");
      expect(server.blobs.get(blob.digest)).toEqual(large);
      expect(blob.opened).toHaveLength(2);
      expect(blob.opened[1]).toBeGreaterThanOrEqual(524_288);
      expect(server.log.filter((line) => line === "POST")).toHaveLength(1);
    });

    test("is told of with the proxy's setting when the smallest chunks are too large as well", async () => {
      server.longestBody = 100_000;
      const refused = client.pushBlob(PATH, blobOf(large));
      await expect(refused).rejects.toThrow(/413 Request Entity Too Large.*even 262144 bytes.*client_max_body_size/);
      const small = client.pushBlob(PATH, blobOf(bytes.slice(0, 150_000)));
      await expect(small).rejects.toThrow(/even 150000 bytes.*client_max_body_size/);
      expect(await client.pushBlob(PATH, blobOf(bytes.slice(0, 90_000)))).toBe("uploaded");
      server.web.handle = () => new Response("", { status: 413 });
      const manifest = { bytes: bytes.slice(0, 5000), mediaType: "application/json" };
      await expect(client.putManifest(PATH, TAG, manifest)).rejects.toThrow(/even 5000 bytes.*client_max_body_size/);
    });

    test("is given up when the registry takes nothing of its chunks", async () => {
      server.longestBody = 1_048_576;
      const handle = server.web.handle;
      server.web.handle = async (request) => {
        const answer = await handle(request);
        if (request.method === "PATCH" && answer.status === 202) answer.headers.set("range", "0-99");
        return answer;
      };
      expect(await failureOf(client.pushBlob(PATH, blobOf(large)))).toMatchObject({ kind: expect.any(String) });
      expect(server.log.length).toBeLessThan(40);
    });
  });

  test("fails when the registry fails too often", async () => {
    server.failures = 3;
    expect(await failureOf(client.pushBlob(PATH, blobOf(bytes)))).toEqual({ kind: "server-error", status: 503 });
  });

  test("takes no authorization to a session at another server", async () => {
    const registry = startWebServer((request) => {
      if (request.headers.get("authorization") === null) {
        return new Response("", { status: 401, headers: { "www-authenticate": "Basic realm=x" } });
      }
      return request.method === "POST" ? server.web.handle(request) : new Response(null, { status: 404 });
    });
    server.location = (path) => server.web.url + path;
    const credentials = fixedCredentials(NAMESPACE, "a", "b");
    expect(await clientOf(registry.url, { credentials }).pushBlob(PATH, blobOf(bytes))).toBe("uploaded");
    expect(server.web.requests.map(({ method, headers }) => [method, headers.get("authorization")])).toEqual([
      ["PUT", null],
    ]);
    await registry.stop();
  });

  test("follows its session to wherever the registry says it is, except out of reach", async () => {
    server.location = (path) => proxy.url + path;
    expect(await client.pushBlob(PATH, blobOf(bytes))).toBe("uploaded");
    server.blobs.clear();
    for (const [place, kind] of [
      ["http://169.254.169.254/", "refused"],
      ["ftp://127.0.0.1/", "protocol"],
    ] as const) {
      server.location = () => place;
      expect((await failureOf(client.pushBlob(PATH, blobOf(bytes)))).kind).toBe(kind);
    }
  });

  test("fails with the error of what it reads from, untouched and at once", async () => {
    const open = async (): Promise<ReadableStream<Uint8Array>> => {
      let pieces = 0;
      return new ReadableStream<Uint8Array>({
        pull(controller) {
          pieces += 1;
          if (pieces > 3) throw new Error("the disk is gone");
          controller.enqueue(new Uint8Array(1000));
        },
      });
    };
    const outcome = await client
      .pushBlob(PATH, { digest, sizeBytes: 5000, open })
      .catch((error: Error) => error.message);
    expect(outcome).toBe("the disk is gone");
    expect(server.log.filter((line) => line === "PUT").length).toBeLessThanOrEqual(1);
  });

  test("ends with its caller's reason", async () => {
    const leaving = new AbortController();
    const open = async (): Promise<ReadableStream<Uint8Array>> =>
      new ReadableStream<Uint8Array>({
        async pull(controller) {
          await Bun.sleep(20);
          controller.enqueue(new Uint8Array(1000));
        },
      });
    setTimeout(() => leaving.abort(new Error("gone")), 100);
    const blob = { digest, sizeBytes: 1_000_000, open };
    const outcome = client.pushBlob(PATH, blob, { signal: leaving.signal });
    expect(await outcome.catch((error: Error) => error.message)).toBe("gone");
  });

  test("may take longer than the deadline when what it is read from takes its time", async () => {
    let left = 6;
    const pull = (controller: ReadableStreamDefaultController<Uint8Array>) => {
      jest.advanceTimersByTime(200);
      controller.enqueue(new Uint8Array(1000));
      left -= 1;
      if (left === 0) controller.close();
    };
    const open = async () => new ReadableStream<Uint8Array>({ pull }, { highWaterMark: 0 });
    const blob = { digest: digestOf(new Uint8Array(6000)), sizeBytes: 6000, open };
    jest.useFakeTimers();
    try {
      const client = clientOf(server.web.url, { limits: { headerTimeoutMs: 150, retries: 0 } });
      expect(await client.pushBlob(PATH, blob)).toBe("uploaded");
    } finally {
      jest.useRealTimers();
    }
  });

  test("may not take longer than the deadline when it stands still", async () => {
    const deaf = await startRawServer((socket, header) => {
      if (header.startsWith("HEAD")) socket.write("HTTP/1.1 404 No\r\n\r\n");
      if (header.startsWith("POST")) socket.write("HTTP/1.1 202 OK\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n");
      if (header.startsWith("PUT")) socket.pause();
    });
    const limits = { headerTimeoutMs: 500, retries: 0 };
    const failure = await failureOf(clientOf(deaf.url, { limits }).pushBlob(PATH, blobOf(randomBytes(20_000_000))));
    expect(failure).toEqual({ kind: "timeout", waiting: "header" });
    await deaf.stop();
  });

  test.skipIf(!hasDockerRegistry)("that breaks on its way to a docker-registry gets there all the same", async () => {
    const registry = await startDockerRegistry({ kind: "none" });
    const way = await startCuttingProxy(registry.url);
    for (const knownSize of [true, false]) {
      const content = randomBytes(2_000_000);
      way.cutAfterBytes = 900_000;
      const unreliable = clientOf(way.url);
      expect(await unreliable.pushBlob(PATH, blobOf(content, { knownSize }))).toBe("uploaded");
      expect(way.cutAfterBytes).toBeNull();
      expect(await bytesOf((await unreliable.getBlob(PATH, digestOf(content)))?.body)).toEqual(content);
    }
    await way.stop();
    await registry.stop();
  });
});
