import { afterEach, describe, expect, test } from "bun:test";
import dnsPacket from "dns-packet";
import { Forwarder } from "./forwarder.ts";
import { parseQuery, type Query } from "./query.ts";
import type { SocketAddress } from "../lib/net/socket-address.ts";
import { frame, StreamUnframer } from "./stream-framing.ts";

/** What a server sends back to a query, one datagram each; over TCP only the first. */
type Script = (query: Buffer, transport: "udp" | "tcp") => readonly Uint8Array[];

const running: { stop(): void }[] = [];
afterEach(() => {
  for (const server of running.splice(0)) server.stop();
});

/** A DNS server on loopback that behaves as `script` says, and what it was asked. */
async function serve(script: Script) {
  const asked: { transport: string; id: number; hasEdns: boolean; port: number }[] = [];
  const note = (transport: string, query: Uint8Array, port: number) => {
    const { id = 0, additionals } = dnsPacket.decode(Buffer.from(query));
    asked.push({ transport, id, hasEdns: (additionals ?? []).length > 0, port });
  };
  const tcp = Bun.listen<StreamUnframer>({
    hostname: "127.0.0.1",
    port: 0,
    data: new StreamUnframer(),
    socket: {
      open(socket) {
        socket.data = new StreamUnframer();
      },
      data(socket, chunk) {
        for (const query of socket.data.push(chunk)) {
          note("tcp", query, socket.remotePort);
          const [answer] = script(Buffer.from(query), "tcp");
          if (answer === undefined) socket.end();
          else socket.write(frame(answer));
        }
      },
    },
  });
  const udp = await Bun.udpSocket({
    hostname: "127.0.0.1",
    port: tcp.port,
    socket: {
      data(socket, query, port, address) {
        note("udp", query, port);
        for (const answer of script(query, "udp")) socket.send(answer, port, address);
      },
    },
  });
  const stop = () => {
    udp.close();
    tcp.stop(true);
  };
  running.push({ stop });
  return { address: { address: "127.0.0.1", port: udp.port }, asked, stop };
}

type Changes = { id?: number; name?: string; rcode?: number; truncated?: boolean; data?: string; ttl?: number };

/** The answer to `query`, as an honest server would send it, but for `changes`. */
function answer(query: Buffer, changes: Changes = {}): Uint8Array {
  const { id = 0, questions = [] } = dnsPacket.decode(query);
  const name = changes.name ?? questions[0]?.name ?? "";
  const data = changes.data ?? "192.0.2.1";
  return dnsPacket.encode({
    type: "response",
    id: changes.id ?? id,
    flags: 0x180 | (changes.rcode ?? 0) | (changes.truncated ? 0x200 : 0),
    questions: questions.map((question) => ({ ...question, name })),
    answers:
      changes.rcode === undefined && !changes.truncated ? [{ type: "A", name, ttl: changes.ttl ?? 60, data }] : [],
  });
}

function query(name = "example.org"): Query {
  const incoming = parseQuery(
    dnsPacket.encode({ type: "query", id: 1, flags: 0x100, questions: [{ name, type: "A" }] }),
  );
  if (incoming.kind !== "query") throw new Error("not a query");
  return incoming.query;
}

function forward(...servers: readonly SocketAddress[]) {
  const reports: string[] = [];
  const clock = { now: 0 };
  const options = {
    servers: () => servers,
    now: () => clock.now,
    report: (message: string) => void reports.push(message),
  };
  return { forwarder: new Forwarder(options), reports, clock };
}

async function ask(forwarder: Forwarder, name?: string) {
  const response = await forwarder.ask(query(name));
  if (response === null) return null;
  const { answers } = dnsPacket.decode(Buffer.from(response.bytes));
  return { code: response.responseCode, data: answers?.map((found) => ("data" in found ? found.data : null)) };
}

const good = { code: 0, data: ["192.0.2.1"] };

describe("an answer", () => {
  test("counts only with the id and the question that were sent: false ones are passed over", async () => {
    const server = await serve((query) => [
      answer(query, { id: (dnsPacket.decode(query).id ?? 0) ^ 1, data: "6.6.6.6" }),
      answer(query, { name: "example.com", data: "6.6.6.6" }),
      query,
      new Uint8Array(3),
      answer(query),
    ]);
    expect(await ask(forward(server.address).forwarder)).toEqual(good);
  });

  test("is asked for over TCP when false ones come in masses", async () => {
    const flood = (query: Buffer) => Array.from({ length: 20 }, (_, id) => answer(query, { id, data: "6.6.6.6" }));
    const server = await serve((query, transport) => (transport === "udp" ? flood(query) : [answer(query)]));
    expect(await ask(forward(server.address).forwarder)).toEqual(good);
    expect(server.asked.map(({ transport }) => transport)).toEqual(["udp", "tcp"]);
  });

  test("that is truncated is asked for over TCP", async () => {
    const server = await serve((query, transport) => [answer(query, { truncated: transport === "udp" })]);
    expect(await ask(forward(server.address).forwarder)).toEqual(good);
    expect(server.asked.map(({ transport }) => transport)).toEqual(["udp", "tcp"]);
  });

  test("comes for ids and ports that nobody can guess", async () => {
    const server = await serve((query) => [answer(query)]);
    const { forwarder } = forward(server.address);
    for (let index = 0; index < 20; index++) await ask(forwarder, `${index}.example.org`);
    expect(new Set(server.asked.map(({ id }) => id)).size).toBeGreaterThan(18);
    expect(new Set(server.asked.map(({ port }) => port)).size).toBeGreaterThan(15);
  });

  test("is asked for again without EDNS when the server does not know that", async () => {
    const complaint = (query: Buffer) => Buffer.from([...query.subarray(0, 2), 0x81, 0x81, ...Array(8).fill(0)]);
    const hasEdns = (query: Buffer) => (dnsPacket.decode(query).additionals ?? []).length > 0;
    for (const complain of [complaint, (query: Buffer) => answer(query, { rcode: 1 })]) {
      const server = await serve((query) => [hasEdns(query) ? complain(query) : answer(query)]);
      expect(await ask(forward(server.address).forwarder)).toEqual(good);
      expect(server.asked.map((question) => question.hasEdns)).toEqual([true, false]);
    }
  });
});

describe("several servers", () => {
  test("are asked in order; one that is silent or closed is passed over, and asked last for a while", async () => {
    const silent = await serve(() => []);
    const closed = await serve(() => []);
    closed.stop();
    const server = await serve((query) => [answer(query)]);
    const { forwarder, reports, clock } = forward(closed.address, silent.address, server.address);
    expect(await ask(forwarder, "a")).toEqual(good);
    expect(silent.asked).toHaveLength(1);
    expect(await ask(forwarder, "b")).toEqual(good);
    expect(silent.asked).toHaveLength(1);
    expect(reports).toEqual(["a DNS server does not answer", "a DNS server does not answer"]);
    clock.now += 60_000;
    expect(await ask(forwarder, "c")).toEqual(good);
    expect(silent.asked).toHaveLength(2);
  });

  test("that fail or refuse leave the question to the next; NXDOMAIN is an answer", async () => {
    const failing = await serve((query) => [answer(query, { rcode: 2 })]);
    const refusing = await serve((query) => [answer(query, { rcode: 5 })]);
    const denying = await serve((query) => [answer(query, { rcode: 3 })]);
    const server = await serve((query) => [answer(query)]);
    expect(await ask(forward(failing.address, refusing.address, server.address).forwarder)).toEqual(good);
    expect(await ask(forward(failing.address, denying.address, server.address).forwarder)).toMatchObject({ code: 3 });
    expect(await ask(forward(failing.address).forwarder)).toMatchObject({ code: 2 });
  });

  test("that are all gone give no answer after two tries", async () => {
    const silent = await serve(() => []);
    expect(await ask(forward(silent.address).forwarder)).toBeNull();
    expect(silent.asked).toHaveLength(2);
    expect(await ask(forward().forwarder)).toBeNull();
  });

  test("are passed over when what they send makes no sense", async () => {
    const broken = await serve((query) => [answer(query).slice(0, -1)]);
    const server = await serve((query) => [answer(query)]);
    expect(await ask(forward(broken.address, server.address).forwarder)).toEqual(good);
  });
});

describe("one question", () => {
  test("is sent once for all who ask it at the same time, and not again while the answer is fresh", async () => {
    const server = await serve((query) => [answer(query)]);
    const { forwarder, clock } = forward(server.address);
    await Promise.all([ask(forwarder), ask(forwarder, "EXAMPLE.org"), ask(forwarder)]);
    expect(server.asked).toHaveLength(1);
    clock.now += 59_000;
    expect(forwarder.recall(query("Example.ORG"))?.ageSeconds).toBe(59);
    clock.now += 1000;
    expect(forwarder.recall(query())).toBeNull();
    await ask(forwarder);
    forwarder.forget();
    expect(forwarder.recall(query())).toBeNull();
  });

  test("more than a thousand different ones at a time are not: those get no answer at once", async () => {
    const server = await serve(() => []);
    const { forwarder } = forward(server.address);
    const waiting = Array.from({ length: 1000 }, (_, index) => ask(forwarder, `${index}.example.org`));
    const outcomes: string[] = [];
    const note = (outcome: string) => () => void outcomes.push(outcome);
    const tooMany = ask(forwarder, "one.too.many");
    await Promise.all([tooMany.then(note("one too many")), ...waiting.map((each) => each.then(note("waited")))]);
    expect(outcomes.indexOf("one too many")).toBe(0);
    expect(await tooMany).toBeNull();
  });
});
