import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { until } from "../../test/until.ts";
import { type DnsServer, type DnsServerOptions, startDnsServer } from "./server.ts";
import { frame, StreamUnframer } from "./stream-framing.ts";

const hasPrograms = Bun.which("dig") !== null && Bun.which("dnsmasq") !== null;

const logged: string[] = [];
const counted: string[] = [];
const record = (message: string, fields?: object) => void logged.push(`${message} ${JSON.stringify(fields)}`);

/** The server's own time stands still unless a test moves it. */
const clock = { nowMs: Date.now(), now: () => clock.nowMs };
const zone = { names: ["docker.io", "registry.example.com"], addresses: [] };
const options: DnsServerOptions = {
  listen: [{ address: "127.0.0.1", port: 0 }],
  zone: () => zone,
  resolvers: () => [],
  allow: "local",
  log: { info: record, warn: record },
  tally: { count: (...labels) => void counted.push(labels.join(" ")) },
  clock,
};

let folder: string;
let upstream: { port: number; stop(): Promise<unknown> } | null = null;
let server: DnsServer;
let port: number;

/** dnsmasq with names of its own, on a free port of loopback. It picks none by itself. */
async function startDnsmasq() {
  const probe = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = probe;
  probe.stop(true);
  const texts = Array.from(
    { length: 12 },
    (_, index) => `txt-record=big.test,"${String(index).repeat(150).slice(0, 150)}"`,
  );
  const lines = [
    `port=${port}`,
    "listen-address=127.0.0.1",
    "bind-interfaces",
    "no-resolv",
    "no-hosts",
    "local-ttl=300",
  ];
  const records = ["host-record=a.test,192.0.2.7,2001:db8::7", "cname=c.test,a.test", "mx-host=a.test,mail.test,10"];
  await writeFile(join(folder, "dnsmasq.conf"), [...lines, "local=/test/", ...records, ...texts, ""].join("\n"));
  const me = ["--user=", "--group=", "--pid-file="];
  const child = Bun.spawn(["dnsmasq", "--keep-in-foreground", "-C", join(folder, "dnsmasq.conf"), ...me], {
    stdio: ["ignore", "ignore", "ignore"],
  });
  const stop = () => {
    child.kill();
    return child.exited;
  };
  try {
    await until("dnsmasq answers", async () => (await dig(port, "a.test")).includes("192.0.2.7"));
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, stop };
}

async function dig(port: number, ...parameters: readonly string[]): Promise<string> {
  const fixed = ["+tries=1", "+time=5", "+nostats", "+nocmd"];
  const child = Bun.spawn(["dig", "@127.0.0.1", "-p", String(port), ...fixed, ...parameters], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "ignore",
  });
  return child.stdout.text();
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-dns-"));
  if (hasPrograms) upstream = await startDnsmasq();
  server = await startDnsServer({
    ...options,
    resolvers: () => (upstream === null ? [] : [`127.0.0.1:${upstream.port}`]),
  });
  port = server.addresses[0]?.port ?? 0;
});
afterAll(async () => {
  server.stop();
  await upstream?.stop();
  await rm(folder, { recursive: true });
});

describe.skipIf(!hasPrograms)("dig", () => {
  test("gets the address of the interface for a host that is stood in for, over UDP and TCP", async () => {
    for (const transport of ["+notcp", "+tcp"]) {
      expect(await dig(port, "+short", "docker.io", transport)).toBe("127.0.0.1\n");
      expect(await dig(port, "+short", "registry.example.com", "A", transport, "+noedns")).toBe("127.0.0.1\n");
      expect(await dig(port, "+short", "docker.io", "AAAA", transport)).toBe("::1\n");
    }
  });

  test("gets nothing else of it, with a start of authority to remember that by", async () => {
    for (const type of ["TYPE65", "TYPE64", "MX", "TXT"]) {
      const answer = await dig(port, "docker.io", type);
      expect(answer).toContain("status: NOERROR");
      expect(answer).toContain("ANSWER: 0, AUTHORITY: 1");
    }
  });

  test("gets the records of other names as the other server has them", async () => {
    expect(await dig(port, "+short", "a.test")).toBe("192.0.2.7\n");
    expect(await dig(port, "+short", "a.test", "AAAA", "+tcp")).toBe("2001:db8::7\n");
    expect(await dig(port, "+short", "c.test")).toBe("a.test.\n192.0.2.7\n");
    expect(await dig(port, "+short", "a.test", "MX")).toBe("10 mail.test.\n");
    expect(await dig(port, "+short", "-x", "192.0.2.7")).toBe("a.test.\n");
  });

  test("gets NXDOMAIN and REFUSED as they are", async () => {
    counted.length = 0;
    expect(await dig(port, "nope.test")).toContain("status: NXDOMAIN");
    expect(counted).toEqual(["udp asked"]);
    expect(await dig(port, "elsewhere.example")).toContain("status: REFUSED");
  });

  test("gets a long answer over TCP, over UDP only when it fits, and is told when it does not", async () => {
    expect((await dig(port, "+short", "big.test", "TXT")).split("\n")).toHaveLength(13);
    const cut = await dig(port, "big.test", "TXT", "+ignore", "+bufsize=4096");
    expect(cut).toContain("flags: qr tc rd ra");
    expect(cut).toContain("ANSWER: 0");
  });

  test("sees times to live go down between two answers from memory", async () => {
    const ttl = async () => Number((await dig(port, "+noall", "+answer", "a.test")).split(/\s+/)[1]);
    const first = await ttl();
    clock.nowMs += 3000;
    counted.length = 0;
    expect(await ttl()).toBe(first - 3);
    expect(counted).toEqual(["udp remembered"]);
  });

  test("keeps the case of its questions, its id, and hears of versions and operations that there are not", async () => {
    expect(await dig(port, "+noall", "+answer", "dOcKer.IO")).toStartWith("dOcKer.IO.");
    expect(await dig(port, "+noall", "+answer", "A.tEst")).toStartWith("A.tEst.");
    expect(await dig(port, "docker.io", "+edns=1", "+noednsnegotiation")).toContain("status: BADVERS");
    expect(await dig(port, "docker.io", "+opcode=update")).toContain("status: NOTIMP");
    expect(await dig(port, "a.test", "ANY")).toContain("status: NOTIMP");
    expect(await dig(port, "a.test", "+norecurse")).toContain("status: REFUSED");
  });
});

describe("a server", () => {
  test.skipIf(!hasPrograms)("whose other servers are gone says SERVFAIL with the reason", async () => {
    const lonely = await startDnsServer({ ...options, resolvers: () => ["127.0.0.1:1"] });
    const answer = await dig(lonely.addresses[0]?.port ?? 0, "a.test");
    expect(answer).toContain("status: SERVFAIL");
    expect(answer).toContain("EDE: 23");
    lonely.stop();
  });

  test.skipIf(!hasPrograms)("that is its own resolver does not ask itself", async () => {
    const free = await startDnsServer({ ...options, listen: [{ address: "127.0.0.2", port: 0 }] });
    const { port = 0 } = free.addresses[0] ?? {};
    free.stop();
    const own = await startDnsServer({
      ...options,
      listen: [{ address: "127.0.0.2", port }],
      resolvers: () => [`127.0.0.2:${port}`],
    });
    const child = Bun.spawn(["dig", "@127.0.0.2", "-p", String(port), "+tries=1", "a.test"], { stdout: "pipe" });
    expect(await child.stdout.text()).toContain("status: REFUSED");
    own.stop();
  });

  test("says which address it cannot listen on, and why", async () => {
    const taken = startDnsServer({ ...options, listen: [{ address: "127.0.0.1", port }] });
    await expect(taken).rejects.toThrow(`DNS cannot listen on 127.0.0.1:${port}: another program listens there`);
    const foreign = startDnsServer({ ...options, listen: [{ address: "203.0.113.77", port: 0 }] });
    await expect(foreign).rejects.toThrow("this machine has no such address");
    await expect(startDnsServer({ ...options, resolvers: () => ["dns.google"] })).rejects.toThrow('"dns.google"');
  });

  test("on all addresses has one port, and gives it back when it is stopped", async () => {
    const everywhere = await startDnsServer({ ...options, listen: [{ address: null, port: 0 }] });
    const ports = new Set(everywhere.addresses.map((address) => address.port));
    expect(ports.size).toBe(1);
    expect(everywhere.addresses.some(({ address }) => address === "127.0.0.1")).toBe(true);
    everywhere.stop();
    const [again = 0] = ports;
    const second = await startDnsServer({ ...options, listen: [{ address: "127.0.0.1", port: again }] });
    second.stop();
  });
});

describe("clients that mean no good", () => {
  const question = Buffer.from("00010100000100000000000006646f636b657202696f0000010001", "hex");

  /** Sends on a connection of its own, from an address of loopback, and counts answers until enough came or it is closed. */
  async function answersOverTcp(bytes: Uint8Array, expected: number, from = "127.0.0.1"): Promise<number> {
    const unframer = new StreamUnframer();
    const { promise, resolve } = Promise.withResolvers<number>();
    let answers = 0;
    const socket = connect({ host: "127.0.0.1", port, localAddress: from });
    socket.on("data", (chunk) => {
      answers += unframer.push(Buffer.from(chunk)).length;
      if (answers >= expected) resolve(answers);
    });
    socket.on("error", () => resolve(answers));
    socket.on("close", () => resolve(answers));
    socket.write(bytes);
    const count = await promise;
    socket.destroy();
    return count;
  }

  /** Sends all of it and waits until the server has read it to its end, and closes. */
  async function sendOverTcp(bytes: Uint8Array): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const socket = connect({ host: "127.0.0.1", port });
    socket.on("data", () => {});
    socket.on("error", () => resolve());
    socket.on("close", () => resolve());
    socket.end(bytes);
    await promise;
  }

  test("get every answer of many questions on one connection", async () => {
    const many = Buffer.concat(Array.from({ length: 200 }, () => frame(question)));
    expect(await answersOverTcp(many, 200)).toBe(200);
  });

  test("cannot hold more than their share of connections, and others are served meanwhile", async () => {
    const sockets = await Promise.all(
      Array.from({ length: 100 }, () =>
        Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {}, error() {} } }),
      ),
    );
    const open = () => sockets.filter(({ readyState }) => readyState === 1).length;
    await until("the connections beyond 64 are closed", () => open() <= 64);
    expect(await answersOverTcp(frame(question), 1)).toBe(0);
    expect(await answersOverTcp(frame(question), 1, "127.0.0.2")).toBe(1);
    expect(open()).toBe(64);
    for (const socket of sockets) socket.terminate();
    await until("the client may ask again", async () => (await answersOverTcp(frame(question), 1)) === 1);
  });

  test("cannot stop the server with any bytes over UDP or TCP", async () => {
    const socket = await Bun.udpSocket({ connect: { hostname: "127.0.0.1", port }, socket: { data() {} } });
    const bytes = fc.sample(fc.uint8Array({ maxLength: 1500 }), 500);
    for (const random of bytes) {
      const changed = Buffer.from(question);
      for (const [index, value] of random.entries()) if (index % 7 === 0 && index < 27) changed[index] = value;
      socket.send(random);
      socket.send(changed);
    }
    socket.close();
    for (const random of bytes.slice(0, 20)) {
      await sendOverTcp(random);
      await sendOverTcp(frame(random));
    }
    expect(await answersOverTcp(frame(question), 1)).toBe(1);
  });

  test("get thousands of answers, each right after the one before", async () => {
    const enough = Promise.withResolvers<void>();
    let answers = 0;
    const sockets = await Promise.all(
      Array.from({ length: 16 }, () =>
        Bun.udpSocket({
          connect: { hostname: "127.0.0.1", port },
          socket: {
            data(socket) {
              if (++answers === 20_000) enough.resolve();
              (socket as unknown as Bun.udp.ConnectedSocket<"buffer">).send(question);
            },
          },
        }),
      ),
    );
    for (const socket of sockets) socket.send(question);
    await enough.promise;
    for (const socket of sockets) socket.close();
  });
});
