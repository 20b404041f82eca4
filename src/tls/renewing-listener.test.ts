import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { until } from "../../test/until.ts";
import { type CertificateAuthority, openCertificateAuthority } from "./certificate-authority.ts";
import { PublishedCertificate } from "./certificate-source.ts";
import { type RenewingListener, startRenewingListener } from "./renewing-listener.ts";

const PIECE_BYTES = 64 * 1024;
const PIECES = 40;
const IDLE_SECONDS = 5;

let root: string;
let authority: CertificateAuthority;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "larder-listener-"));
  authority = await openCertificateAuthority(root, { now: () => Date.now(), constraints: null });
});
afterAll(() => rm(root, { recursive: true }));

/** `/slow` sends 2.5 MiB over a second. */
function answer(request: Request): Response {
  const { pathname } = new URL(request.url);
  if (pathname !== "/slow") return new Response("ok");
  let pieces = 0;
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
    await Bun.sleep(25);
    controller.enqueue(new Uint8Array(PIECE_BYTES));
    if (++pieces === PIECES) controller.close();
  };
  return new Response(new ReadableStream({ pull }, { highWaterMark: 1 }));
}

async function start() {
  const logged: { isSteered?: unknown }[] = [];
  const record = (_: string, fields?: object) => void logged.push(fields ?? {});
  const source = new PublishedCertificate(await issue());
  const listener = startRenewingListener({
    listener: { hostname: "127.0.0.1", port: 0, idleTimeout: IDLE_SECONDS, fetch: answer },
    source,
    log: { info: record, warn: record },
  });
  return { source, listener, logged };
}

const issue = () => authority.issueServerCertificate(["localhost"], ["127.0.0.1"]);

async function presentedSerial(port: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect({ host: "127.0.0.1", port, ca: authority.certPem, servername: "localhost" }, () => {
    resolve(socket.getPeerCertificate().serialNumber);
    socket.destroy();
  });
  socket.on("error", reject);
  return promise;
}

/** Clients that ask as fast as they can until `end`, which throws what the first of them that failed has thrown. */
function startLoad(listener: RenewingListener) {
  const kinds = [
    ...Array.from({ length: 6 }, () => ({ path: "/", keepalive: false, bytes: 2 })),
    ...Array.from({ length: 6 }, () => ({ path: "/", keepalive: true, bytes: 2 })),
    ...Array.from({ length: 4 }, () => ({ path: "/slow", keepalive: true, bytes: PIECES * PIECE_BYTES })),
  ];
  const answered = kinds.map(() => 0);
  const isOver = new AbortController();
  const ask = async ({ path, keepalive, bytes }: (typeof kinds)[number], client: number) => {
    while (!isOver.signal.aborted) {
      const tls = { ca: authority.certPem };
      const response = await fetch(`https://127.0.0.1:${listener.port}${path}`, { tls, keepalive });
      const body = await response.bytes();
      if (response.status !== 200 || body.length !== bytes) {
        throw new Error(`${path} was answered with ${response.status} and ${body.length} bytes`);
      }
      answered[client] = (answered[client] ?? 0) + 1;
    }
  };
  const all = Promise.all(kinds.map((kind, client) => ask(kind, client).finally(() => isOver.abort())));
  return {
    /** Waits until each client had so many more answers, or one failed. */
    eachHad: async (more: number) => {
      const wanted = answered.map((count) => count + more);
      const enough = () => isOver.signal.aborted || answered.every((count, client) => count >= (wanted[client] ?? 0));
      await until(`each has ${more} more answers`, enough);
    },
    end: () => {
      isOver.abort();
      return all;
    },
  };
}

describe("a renewed certificate", () => {
  test("is presented to every new connection at once", async () => {
    const { source, listener, logged } = await start();
    for (let index = 0; index < 4; index++) {
      const next = await issue();
      source.publish(next);
      const serials = await Promise.all(Array.from({ length: 20 }, () => presentedSerial(listener.port)));
      expect(new Set(serials)).toEqual(new Set([new X509Certificate(next.certPem).serialNumber]));
    }
    expect(logged.every(({ isSteered }) => isSteered === true)).toBe(true);
    await listener.stop(true);
  });

  test("fails no request under load, and no download in flight", async () => {
    const { source, listener } = await start();
    const load = startLoad(listener);
    const first = listener.current();
    await load.eachHad(1);
    source.publish(await issue());
    expect(await countListening(listener.port)).toBe(2);
    // The old server stops when the downloads that it had are done, and it had nothing to do for 6 s.
    await until("the old server has stopped", async () => (await countListening(listener.port)) === 1);
    source.publish(await issue());
    await load.eachHad(1);
    await load.end();
    expect(listener.current()).not.toBe(first);
    await listener.stop(true);
  }, 90_000);

  test("that cannot be used leaves the old one in place", async () => {
    const { source, listener, logged } = await start();
    const serial = await presentedSerial(listener.port);
    source.publish({ certPem: "rubbish", keyPem: "rubbish", notAfter: new Date() });
    expect(await presentedSerial(listener.port)).toBe(serial);
    expect(JSON.stringify(logged)).toContain("error");
    await listener.stop(true);
  });
});

test("a port that somebody listens on is refused, although ports are shared", async () => {
  const { source, listener } = await start();
  const options = { hostname: "127.0.0.1", port: listener.port, idleTimeout: IDLE_SECONDS, fetch: answer };
  const log = { info() {}, warn() {} };
  expect(() => startRenewingListener({ listener: options, source, log })).toThrow("in use");
  await listener.stop(true);
});

/** How many sockets of this machine listen on `port`? */
async function countListening(port: number): Promise<number> {
  const local = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const lines = (await Bun.file("/proc/self/net/tcp").text()).split("\n").map((line) => line.trim().split(/\s+/));
  return lines.filter(([, address = "", , state]) => address.endsWith(local) && state === "0A").length;
}
