import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { digestOf } from "../oci/digest.ts";
import { parseTag } from "../oci/tag.ts";
import type { CredentialSource } from "./auth/credentials.ts";
import type { RegistryClient } from "./registry-client.ts";
import { clientOf, failureOf, PATH, randomBytes } from "./registry.fixture.ts";
import { isUpstreamDown } from "./transport/upstream-error.ts";
import { startRawServer, startWebServer, type WebServer } from "./transport/web-server.fixture.ts";

const TAG = parseTag("latest");
const absent = (): Response => new Response("", { status: 404 });
const answered = (text: string) => (): Response => new Response(text);

let [registry, first, second]: WebServer[] = [];
let nowMs = 0;
beforeEach(() => {
  [registry, first, second] = [answered("registry"), answered("first"), answered("second")].map((handle) =>
    startWebServer(handle),
  );
});
afterEach(() => Promise.all([registry, first, second].map((server) => server?.stop())));

function servers(): { registry: WebServer; first: WebServer; second: WebServer } {
  if (registry === undefined || first === undefined || second === undefined) throw new Error("not started");
  return { registry, first, second };
}
function open(credentials?: CredentialSource): RegistryClient {
  const { registry, first, second } = servers();
  const mirrors = [{ url: first.url, sendNamespace: true }, { url: second.url }];
  return clientOf(registry.url, {
    mirrors,
    clock: { now: () => nowMs, elapsed: () => nowMs },
    ...(credentials === undefined ? {} : { credentials }),
  });
}
async function manifestText(client: RegistryClient): Promise<string | null> {
  const manifest = await client.getManifest(PATH, TAG);
  return manifest === null ? null : new TextDecoder().decode(manifest.bytes);
}

describe("mirrors", () => {
  test("are asked in their order, then the registry, until one has it", async () => {
    const { first, second } = servers();
    expect(await manifestText(open())).toBe("first");
    first.handle = absent;
    expect(await manifestText(open())).toBe("second");
    second.handle = () => new Response("", { status: 403 });
    expect(await manifestText(open())).toBe("registry");
  });

  test("cannot say that something does not exist", async () => {
    const { registry, first, second } = servers();
    first.handle = second.handle = absent;
    registry.handle = () => new Response("", { status: 500 });
    expect(await failureOf(open().getManifest(PATH, TAG))).toEqual({ kind: "server-error", status: 500 });
    registry.handle = absent;
    expect(await manifestText(open())).toBeNull();
  });

  test("are passed over for a while when they fail, and asked once each", async () => {
    const { first } = servers();
    first.handle = () => new Response("", { status: 502 });
    const client = open();
    expect(await manifestText(client)).toBe("second");
    expect(await manifestText(client)).toBe("second");
    expect(first.requests.length).toBe(1);
    first.handle = answered("first");
    nowMs += 10_000;
    expect(await manifestText(client)).toBe("first");
  });

  test("that broke off a blob are not asked for its rest", async () => {
    const { registry } = servers();
    const blob = randomBytes(200_000);
    const hasFirstPart = Promise.withResolvers<void>();
    const breaking = await startRawServer((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${blob.byteLength}\r\n\r\n`);
      socket.write(blob.subarray(0, 50_000));
      // Bun forgets what it has received and nobody has read yet when the connection breaks.
      void hasFirstPart.promise.then(() => socket.destroy());
    });
    registry.handle = (request) => {
      const from = Number(/^bytes=(\d+)-$/.exec(request.headers.get("range") ?? "")?.[1] ?? 0);
      const range = `bytes ${from}-${blob.byteLength - 1}/${blob.byteLength}`;
      return new Response(blob.slice(from), { status: from === 0 ? 200 : 206, headers: { "content-range": range } });
    };
    const client = clientOf(registry.url, { mirrors: [{ url: breaking.url }] });
    const received: Uint8Array[] = [];
    const read = async (offset: number): Promise<number> => {
      for await (const chunk of (await client.getBlob(PATH, digestOf(blob), { offset }))?.body ?? []) {
        received.push(chunk);
        if (Buffer.concat(received).byteLength >= 50_000) hasFirstPart.resolve();
      }
      return Buffer.concat(received).byteLength;
    };
    const error = await read(0).catch((cause) => cause);
    expect(isUpstreamDown(error) && error.failure.kind).toBe("interrupted");
    expect(Buffer.concat(received).byteLength).toBe(50_000);
    await read(50_000);
    expect(digestOf(Buffer.concat(received))).toBe(digestOf(blob));
    expect(breaking.headers.length).toBe(1);
    await breaking.stop();
  });

  test("are told the namespace when they serve several, and never the registry's password", async () => {
    const { registry, first, second } = servers();
    const asked: string[] = [];
    const credentials: CredentialSource = {
      async find(name) {
        asked.push(name);
        return name === "registry.test" ? { kind: "password", username: "a", password: "b" } : null;
      },
    };
    for (const server of [registry, first, second]) {
      server.handle = (request) =>
        request.headers.has("authorization")
          ? absent()
          : new Response("", { status: 401, headers: { "www-authenticate": "Basic realm=x" } });
    }
    expect(await manifestText(open(credentials))).toBeNull();
    expect(asked).toEqual([`127.0.0.1:${first.port}`, `127.0.0.1:${second.port}`, "registry.test"]);
    expect(first.requests[0]?.url.search).toBe("?ns=registry.test");
    expect(second.requests[0]?.url.search).toBe("");
    for (const mirror of [first, second])
      expect(mirror.requests.some(({ headers }) => headers.has("authorization"))).toBe(false);
  });

  test("are asked for lists only when the registry fails, and never pushed to", async () => {
    const { registry, first } = servers();
    registry.handle = () => Response.json({ tags: ["of-the-registry"] });
    first.handle = () => Response.json({ tags: ["of-the-mirror"] });
    expect((await open().listTags(PATH))?.tags).toEqual([parseTag("of-the-registry")]);
    registry.handle = () => new Response("", { status: 503 });
    expect((await open().listTags(PATH))?.tags).toEqual([parseTag("of-the-mirror")]);
    const manifest = { bytes: new Uint8Array(2), mediaType: "application/json" };
    expect(await failureOf(open().putManifest(PATH, TAG, manifest))).toEqual({ kind: "server-error", status: 503 });
    expect(first.requests.every(({ method }) => method === "GET")).toBe(true);
  });
});
