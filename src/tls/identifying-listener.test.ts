import { afterEach, beforeAll, afterAll, beforeEach, describe, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { connect as connectPlain } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { until } from "../../test/until.ts";
import { type CertificateAuthority, openCertificateAuthority } from "./certificate-authority.ts";
import { PublishedCertificate, type ServerCertificate } from "./certificate-source.ts";
import {
  type IdentifyingListener,
  type IdentifyingListenerOptions,
  startIdentifyingListener,
} from "./identifying-listener.ts";

const DAY_MS = 86_400_000;
const BIG_BYTES = 64 * 1024 * 1024;

let root: string;
/** The clients' authority, one that has its name and another key, and the server's. */
let [clients, others, servers]: CertificateAuthority[] = [];
let old: CertificateAuthority;
let listener: IdentifyingListener;
let source: PublishedCertificate;
let folder: string;
let caPem: string;
let crlPem: string | null;
let changed: () => void;
let held: (() => void)[];
let aborted: number;

const authorityIn = (name: string, now = Date.now()) =>
  openCertificateAuthority(join(root, name), { now: () => now, constraints: null });

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "larder-identifying-"));
  [clients, others, servers] = await Promise.all(["clients", "others", "servers"].map((name) => authorityIn(name)));
  old = await authorityIn("clients", Date.now() - 100 * DAY_MS);
});
afterAll(() => rm(root, { recursive: true }));

/** `/who`: what is known of the connection; `/held`: answers when it is let; `/big`; a PUT: how many bytes came. */
async function answer(request: Request, connection: Parameters<IdentifyingListenerOptions["listener"]["fetch"]>[1]) {
  const { pathname } = new URL(request.url);
  if (pathname === "/who") {
    const { certificate, port, hostname, protocol } = connection;
    return Response.json({ certificate, port, hostname, protocol, remote: connection.requestIP(request) });
  }
  if (pathname === "/held") {
    request.signal.addEventListener("abort", () => aborted++);
    connection.timeout(request, 60);
    await new Promise<void>((resolve) => held.push(resolve));
  }
  if (pathname === "/big") return new Response(new Uint8Array(BIG_BYTES));
  let bytes = 0;
  if (request.body !== null) for await (const piece of request.body) bytes += piece.length;
  return new Response(String(bytes));
}

async function start(given: Partial<IdentifyingListenerOptions> = {}, idleTimeout = 60): Promise<void> {
  source = new PublishedCertificate(await servers!.issueServerCertificate(["localhost"], ["127.0.0.1"]));
  folder = await mkdtemp(join(root, "hops-"));
  listener = await startIdentifyingListener({
    listener: {
      hostname: "127.0.0.1",
      port: 0,
      idleTimeout,
      maxRequestBodySize: Number.MAX_SAFE_INTEGER,
      fetch: answer,
    },
    source,
    authorities: {
      current: () => ({ caPem, crlPem }),
      onChange: (callback) => {
        changed = callback;
        return () => {};
      },
    },
    isRequired: false,
    folder,
    log: { info: () => {}, warn: () => {} },
    ...given,
  });
}

beforeEach(async () => {
  caPem = clients!.certPem;
  crlPem = null;
  held = [];
  aborted = 0;
  await start();
});
afterEach(() => listener.stop(true));

const clientOf = (authority: CertificateAuthority | undefined, name = "node1") =>
  authority!.issueClientCertificate(name, 10 * DAY_MS);

function ask(path: string, client: ServerCertificate | null = null, init: RequestInit = {}): Promise<Response> {
  const shown = client === null ? {} : { cert: client.certPem, key: client.keyPem };
  const tls = { ca: servers!.certPem, ...shown };
  // Bun keeps connections by host, whatever certificate they show.
  return fetch(`https://localhost:${listener.port}${path}`, { keepalive: false, ...init, tls } as RequestInit);
}

type Known = { certificate: unknown; remote: { address: string; port: number }; port: number; protocol: string };
const whoIs = async (client: ServerCertificate | null) => (await (await ask("/who", client)).json()) as Known;

function openTls(options: ConnectionOptions = {}): Promise<TLSSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  const socket = connect({
    host: "127.0.0.1",
    port: listener.port,
    ca: servers!.certPem,
    servername: "localhost",
    ...options,
  });
  socket.once("secureConnect", () => resolve(socket));
  socket.once("error", reject);
  return promise;
}

/** What is known of a connection, over which it is asked. */
async function knownOver(socket: TLSSocket): Promise<Known> {
  const told = new Promise<string>((resolve) => socket.once("data", (bytes) => resolve(bytes.toString())));
  socket.write("GET /who HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const text = await told;
  return JSON.parse(text.slice(text.indexOf("\r\n\r\n"))) as Known;
}

const closed = (socket: { once(event: "close", then: () => void): unknown }) =>
  new Promise<void>((resolve) => socket.once("close", () => resolve()));

describe("who a client is", () => {
  test("is in a certificate that one of the authorities signed", async () => {
    const client = await clientOf(clients, "system:node:worker-1");
    expect(await whoIs(client)).toMatchObject({
      certificate: { kind: "verified", name: "system:node:worker-1", notAfterMs: client.notAfter.getTime() },
    });
  });

  test("is nobody without a certificate", async () => {
    expect((await whoIs(null)).certificate).toBeNull();
  });

  test("is nobody with one of a stranger's, with one of a server, or with one that has expired", async () => {
    const refused = async (client: ServerCertificate) => {
      const { certificate } = (await whoIs(client)) as { certificate: { kind: string; why: string } };
      expect(certificate.kind).toBe("refused");
      return certificate.why;
    };
    expect(await refused(await clientOf(others))).toContain("is not signed by an authority that larder was told of");
    expect(await refused(await clients!.issueServerCertificate(["node1"], []))).toContain("is not one for clients");
    expect(await refused(await old.issueClientCertificate("node1", 30 * DAY_MS))).toContain("expired");
  });

  test("is asked on each connection anew, many at once", async () => {
    const names = Array.from({ length: 20 }, (_, number) => `node${number}`);
    const all = await Promise.all(names.map((name) => clientOf(clients, name)));
    const seen = await Promise.all([...all, ...all].map(whoIs));
    expect(seen.map(({ certificate }) => (certificate as { name: string }).name)).toEqual([...names, ...names]);
  });

  test("goes with its true address, and the listener's own", async () => {
    const socket = await openTls();
    expect(await knownOver(socket)).toMatchObject({
      port: listener.port,
      protocol: "https",
      remote: { address: "127.0.0.1", port: socket.localPort },
    });
    socket.destroy();
  });
});

describe("authorities that change", () => {
  test("count at once, and end connections of whom the old ones vouched for, after what they are at", async () => {
    const client = await clientOf(clients);
    const anonymous = await openTls();
    const idle = await openTls({ cert: client.certPem, key: client.keyPem });
    const busy = ask("/held", client);
    await until("it came about", () => held.length === 1);
    caPem = others!.certPem;
    changed();
    await closed(idle);
    expect((await whoIs(client)).certificate).toMatchObject({ kind: "refused" });
    expect((await whoIs(await clientOf(others))).certificate).toMatchObject({ kind: "verified" });
    held[0]?.();
    expect((await busy).status).toBe(200);
    expect(anonymous.destroyed).toBe(false);
    anonymous.destroy();
  });

  test("are not got around by a session that is resumed", async () => {
    const client = await clientOf(clients);
    let sessions = 0;
    const socket = await openTls({ cert: client.certPem, key: client.keyPem });
    socket.on("session", () => sessions++);
    const told = new Promise((resolve) => socket.once("data", resolve));
    socket.write("GET /who HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await told;
    expect(sessions).toBe(0);
    socket.destroy();
  });
});

/** The revocation list of the clients' authority with this certificate in it, by openssl, as operators make theirs. */
async function revoke({ certPem }: ServerCertificate): Promise<string> {
  const place = await mkdtemp(join(root, "crl-"));
  const at = (name: string) => join(place, name);
  const own = join(root, "clients");
  await Bun.write(at("revoked.pem"), certPem);
  await Bun.write(at("index"), "");
  await Bun.write(at("number"), "01\n");
  await Bun.write(
    at("ca.cnf"),
    `[ca]\ndefault_ca=own\n[own]\ndatabase=${at("index")}\ncrlnumber=${at("number")}\ndefault_md=sha256\ndefault_crl_days=1\ncertificate=${own}/ca.crt\nprivate_key=${own}/ca.key\n`,
  );
  for (const words of [
    ["-revoke", at("revoked.pem")],
    ["-gencrl", "-out", at("crl.pem")],
  ]) {
    const run = Bun.spawn(["openssl", "ca", "-batch", "-config", at("ca.cnf"), ...words], { stderr: "pipe" });
    if ((await run.exited) !== 0) throw new Error(await new Response(run.stderr).text());
  }
  return Bun.file(at("crl.pem")).text();
}

test.skipIf(Bun.which("openssl") === null)(
  "what an authority has revoked is nobody's, from the moment on that the list is there",
  async () => {
    const [lost, kept] = [await clientOf(clients, "lost"), await clientOf(clients, "kept")];
    const open = await openTls({ cert: lost.certPem, key: lost.keyPem });
    expect((await whoIs(lost)).certificate).toMatchObject({ kind: "verified" });
    crlPem = await revoke(lost);
    changed();
    await closed(open);
    expect((await whoIs(lost)).certificate).toEqual({ kind: "refused", why: "was revoked" });
    expect((await whoIs(kept)).certificate).toMatchObject({ kind: "verified", name: "kept" });
    // A list of another authority says nothing of this one's.
    caPem = clients!.certPem + others!.certPem;
    changed();
    const { certificate } = await whoIs(await clientOf(others));
    expect(certificate).toMatchObject({ kind: "refused", why: expect.stringContaining("missing or out of date") });
  },
);

test("a new certificate of the server's is shown to whoever comes next", async () => {
  const serial = async () => {
    const socket = await openTls();
    const { serialNumber } = socket.getPeerCertificate();
    socket.destroy();
    return serialNumber;
  };
  const next = await servers!.issueServerCertificate(["localhost"], ["127.0.0.1"]);
  const open = await openTls();
  expect(await serial()).not.toBe(new X509Certificate(next.certPem).serialNumber);
  source.publish(next);
  expect(await serial()).toBe(new X509Certificate(next.certPem).serialNumber);
  expect(open.destroyed).toBe(false);
  open.destroy();
});

test("where a certificate is required, none comes in without", async () => {
  await listener.stop(true);
  await start({ isRequired: true });
  expect((await whoIs(await clientOf(clients))).certificate).toMatchObject({ kind: "verified" });
  await expect(ask("/who", null)).rejects.toThrow();
  await expect(ask("/who", await clientOf(others))).rejects.toThrow();
});

describe("nobody else on the machine", () => {
  test("finds a way in behind TLS: sockets are gone when they are connected, in a folder of one's own", async () => {
    const socket = await openTls();
    await until("it came about", async () => (await readdir(folder)).length === 0);
    expect((await stat(folder)).mode & 0o077).toBe(0);
    const asked = ask("/held", await clientOf(clients));
    await until("it came about", () => held.length === 1);
    expect(await readdir(folder)).toEqual([]);
    const listening = (await Bun.file("/proc/net/unix").text()).split("\n").filter((line) => line.includes(folder));
    for (const line of listening) {
      const path = line.slice(line.indexOf(folder));
      const intruder = connectPlain(path);
      const outcome = await new Promise<string>((resolve) => {
        intruder.once("connect", () => resolve("connected"));
        intruder.once("error", (error) => resolve((error as NodeJS.ErrnoException).code ?? ""));
      });
      expect(outcome).toBe("ENOENT");
    }
    held[0]?.();
    await asked;
    socket.destroy();
  });
});

describe("bytes", () => {
  test("pass whole, both ways", async () => {
    const body = new Uint8Array(BIG_BYTES);
    expect(await (await ask("/put", null, { method: "PUT", body })).text()).toBe(String(BIG_BYTES));
    expect((await (await ask("/big")).bytes()).length).toBe(BIG_BYTES);
  });

  test("wait for a client that does not read, and are not piled up", async () => {
    const before = process.memoryUsage().rss;
    const sockets = await Promise.all(Array.from({ length: 4 }, () => openTls()));
    for (const socket of sockets) {
      socket.pause();
      socket.write("GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n");
    }
    await Bun.sleep(500);
    let bytes = 0;
    const [first] = sockets;
    first?.on("data", (piece) => (bytes += piece.length));
    first?.resume();
    await until("it came about", () => bytes > BIG_BYTES);
    expect(process.memoryUsage().rss - before).toBeLessThan(8 * BIG_BYTES);
    for (const socket of sockets) socket.destroy();
  });

  test("of several requests go over one connection", async () => {
    const socket = await openTls();
    let text = "";
    socket.on("data", (piece) => (text += piece.toString()));
    socket.write("GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await until("it came about", () => text.split("HTTP/1.1 200").length === 2);
    socket.write("GET /b HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await until("it came about", () => text.split("HTTP/1.1 200").length === 3);
    socket.destroy();
  });
});

describe("an end", () => {
  test("of the client's is told to what it asked for", async () => {
    const socket = await openTls();
    socket.write("GET /held HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await until("it came about", () => held.length === 1);
    expect(listener.openRequests()).toBe(1);
    socket.destroy();
    await until("it came about", () => aborted === 1);
    held[0]?.();
    await until("it came about", () => listener.openRequests() === 0);
  });

  test("waits for requests in flight, closes idle connections, and takes no more", async () => {
    const idle = await openTls();
    const busy = ask("/held");
    await until("it came about", () => held.length === 1);
    const stopping = listener.stop(false);
    await closed(idle);
    held[0]?.();
    expect((await busy).status).toBe(200);
    await stopping;
    await expect(openTls()).rejects.toThrow();
  });

  test("lets a slow client have the last byte", async () => {
    const socket = await openTls();
    let bytes = 0;
    socket.pause();
    socket.write("GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await until("it is asked", () => listener.openRequests() === 1);
    await Bun.sleep(200);
    const ended = closed(socket);
    socket.on("data", (piece) => (bytes += piece.length));
    socket.resume();
    const stopping = listener.stop(false);
    await until("all is on its way", () => listener.openRequests() === 0);
    await listener.stop(true);
    await Promise.all([stopping, ended]);
    expect(bytes).toBeGreaterThan(BIG_BYTES);
  });

  test("that is abrupt waits for nobody", async () => {
    const busy = ask("/held").then(
      () => "answered",
      () => "cut off",
    );
    await until("it came about", () => held.length === 1);
    await listener.stop(true);
    expect(await busy).toBe("cut off");
  });

  test("comes to a connection that is silent for too long, but not to a request that may be", async () => {
    await listener.stop(true);
    await start({}, 1);
    const [idle, partial, slow] = await Promise.all([openTls(), openTls(), openTls()]);
    partial.write("GET / HTTP/1.1\r\nHost: loc");
    slow.write("GET /held HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await Promise.all([closed(idle), closed(partial)]);
    await Bun.sleep(3000);
    expect(slow.destroyed).toBe(false);
    slow.destroy();
  }, 20_000);

  test("comes to who talks anything but TLS", async () => {
    const socket = connectPlain(listener.port, "127.0.0.1");
    socket.write("GET /v2/ HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await closed(socket);
  });
});

test("a port that is taken is an error", async () => {
  const before = listener;
  const taken = start({ listener: { hostname: "127.0.0.1", port: before.port, idleTimeout: 60, fetch: answer } });
  await expect(taken).rejects.toMatchObject({ code: "EADDRINUSE" });
});
