import { describe, expect, test } from "bun:test";
import dnsPacket, { type DecodedPacket } from "dns-packet";
import fc from "fast-check";
import { AccessRule } from "./access.ts";
import { AmplificationBudget } from "./amplification-budget.ts";
import { addressData } from "./answers.ts";
import { Forwarder } from "./forwarder.ts";
import type { Transport } from "./reply.ts";
import { Responder } from "./responder.ts";

const zone = { names: ["docker.io", "Registry-1.docker.io.", "not a name"], addresses: [] as readonly string[] };

const counted: string[] = [];

/** Forwards to nobody: what is not in the zone is refused. */
function responder(addresses: readonly string[] = [], now: () => number = () => 0) {
  const current = { ...zone, addresses };
  counted.length = 0;
  return new Responder({
    zone: () => current,
    forwarder: new Forwarder({ servers: () => [], now, report() {} }),
    canForward: () => false,
    access: () => new AccessRule("local", []),
    budget: new AmplificationBudget(now),
    tally: { count: (...labels) => void counted.push(labels.join(" ")) },
  });
}

const client = (address = "127.0.0.1", transport: Transport = "udp", local = ["10.0.0.5", "fd00::5"]) => ({
  address,
  transport,
  local: addressData(local),
});

const RECURSION_DESIRED = 0x0100;

type Question = { name?: string; type?: string; class?: string; opt?: object | null; flags?: number };

/** A query, written by another library. */
function encode({
  name = "docker.io",
  type = "A",
  class: questionClass = "IN",
  opt = {},
  flags = RECURSION_DESIRED,
}: Question) {
  const questions = [{ name, type, class: questionClass }] as never;
  const option = { type: "OPT", name: ".", udpPayloadSize: 4096, flags: 0, options: [], ...opt };
  return dnsPacket.encode({
    type: "query",
    id: 4711,
    flags,
    questions,
    additionals: (opt === null ? [] : [option]) as never,
  });
}

/** The answer, read by another library. */
function ask(question: Question, from = client(), by = responder()): DecodedPacket & { rcode: string } {
  const answer = by.respond(encode(question), from);
  if (!(answer instanceof Uint8Array)) throw new Error("there is no answer");
  return dnsPacket.decode(Buffer.from(answer)) as never;
}

const answersOf = ({ answers }: DecodedPacket) => answers?.map((answer) => ("data" in answer ? answer.data : null));

describe("a host that is stood in for", () => {
  test("has the addresses of the interface that the query came in on", () => {
    const answer = ask({});
    expect(answer).toMatchObject({ id: 4711, flag_qr: true, flag_aa: true, flag_rd: true, rcode: "NOERROR" });
    expect(answer.answers).toMatchObject([{ name: "docker.io", type: "A", ttl: 60, data: "10.0.0.5" }]);
    expect(answersOf(ask({ type: "AAAA" }))).toEqual(["fd00::5"]);
    expect(answersOf(ask({ name: "registry-1.docker.io" }))).toEqual(["10.0.0.5"]);
  });

  test("has the given addresses instead, all of them", () => {
    const given = responder(["192.168.1.1", "192.168.1.2", "2001:db8::1"]);
    expect(answersOf(ask({}, client(), given))).toEqual(["192.168.1.1", "192.168.1.2"]);
    expect(answersOf(ask({ type: "AAAA" }, client(), given))).toEqual(["2001:db8::1"]);
  });

  test("has no other records and no address of a family that larder has not: empty, never forwarded, and to be remembered", () => {
    for (const type of ["MX", "TXT", "NS", "SOA", "UNKNOWN_65", "UNKNOWN_64"]) {
      const answer = ask({ type });
      expect(answer).toMatchObject({ rcode: "NOERROR", flag_aa: true, answers: [] });
      expect(answer.authorities).toMatchObject([{ type: "SOA", name: "docker.io", data: { minimum: 60 } }]);
    }
    expect(ask({ type: "AAAA" }, client("10.0.0.9", "udp", ["10.0.0.5"]))).toMatchObject({
      rcode: "NOERROR",
      answers: [],
    });
  });

  test("is known in any case, and the answer keeps the case of the question", () => {
    const answer = ask({ name: "DoCKer.iO" });
    expect(answer.questions).toMatchObject([{ name: "DoCKer.iO" }]);
    expect(answer.answers).toMatchObject([{ name: "DoCKer.iO", data: "10.0.0.5" }]);
  });

  test("answers ANY with its addresses", () => {
    expect(answersOf(ask({ type: "ANY" }))).toEqual(["10.0.0.5", "fd00::5"]);
  });

  test("speaks EDNS with those who do", () => {
    expect(ask({}).additionals).toMatchObject([{ type: "OPT", udpPayloadSize: 1232, ednsVersion: 0 }]);
    expect(ask({ opt: null }).additionals).toEqual([]);
    expect(ask({ opt: { ednsVersion: 1 } }).additionals).toMatchObject([{ type: "OPT", extendedRcode: 1 }]);
  });

  test("does not answer for the names below it", () => {
    expect(ask({ name: "auth.docker.io" }).rcode).toBe("REFUSED");
  });
});

describe("what is not answered", () => {
  test("other names are refused with the reason when there is nobody to ask", () => {
    const answer = ask({ name: "example.org" });
    expect(answer.rcode).toBe("REFUSED");
    expect(extendedErrorOf(answer)).toBe(20);
  });

  test("transfers and other classes are refused, ANY and other questions that no record answers are not implemented", () => {
    expect(ask({ type: "AXFR" }).rcode).toBe("REFUSED");
    expect(ask({ class: "CH" }).rcode).toBe("REFUSED");
    expect(ask({ name: "example.org", type: "ANY" }).rcode).toBe("NOTIMP");
  });

  test("clients from elsewhere are refused, for all names, with an answer hardly longer than the question", () => {
    for (const name of ["docker.io", "example.org"]) {
      const answer = ask({ name }, client("8.8.8.8"));
      expect(answer).toMatchObject({ rcode: "REFUSED", answers: [] });
      expect(extendedErrorOf(answer)).toBe(18);
    }
    const bytes = responder().respond(encode({ opt: null }), client("2a00::1")) as Uint8Array;
    expect(bytes.length).toBeLessThanOrEqual(encode({ opt: null }).length);
  });

  test("other operations get NOTIMP, and malformed messages FORMERR, in a header alone", () => {
    const by = responder();
    const notify = Buffer.from(encode({}));
    notify[2] = 0x20;
    expect(by.respond(notify, client())).toEqual(new Uint8Array([0x12, 0x67, 0xa0, 4, 0, 0, 0, 0, 0, 0, 0, 0]));
    const twoQuestions = Buffer.from(encode({}));
    twoQuestions[5] = 2;
    expect((by.respond(twoQuestions, client()) as Uint8Array)[3]).toBe(1);
    const looping = Buffer.from([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12, 0, 1, 0, 1]);
    expect(by.respond(looping, client())).toHaveLength(12);
  });

  test("each message is counted once, by what became of it, and of its name nothing", () => {
    const by = responder();
    const from = (address: string, bytes: Uint8Array, transport: Transport = "udp") =>
      by.respond(bytes, client(address, transport));
    void from("127.0.0.1", encode({}));
    void from("127.0.0.1", encode({}), "tcp");
    void from("8.8.8.8", encode({}));
    void from("127.0.0.1", encode({ name: "example.org" }));
    void from("127.0.0.1", encode({ type: "AXFR" }));
    void from("127.0.0.1", Buffer.from("scrap"));
    expect(counted).toEqual(["udp own", "tcp own", "udp refused", "udp refused", "udp refused", "udp malformed"]);
  });

  test("answers and scraps are ignored, so that nothing goes back and forth for ever", () => {
    const response = Buffer.from(encode({}));
    response[2] = 0x81;
    expect(responder().respond(response, client())).toBeNull();
    expect(responder().respond(new Uint8Array(11), client())).toBeNull();
  });
});

describe("over UDP", () => {
  test("an answer that is too long for the client is truncated to its question", () => {
    const many = responder(Array.from({ length: 60 }, (_, index) => `10.0.1.${index}`));
    expect(ask({}, client(), many)).toMatchObject({ flag_tc: false });
    expect(ask({ opt: null }, client(), many)).toMatchObject({ flag_tc: true, answers: [] });
    expect(ask({ opt: { udpPayloadSize: 100 } }, client(), many)).toMatchObject({ flag_tc: true, answers: [] });
    expect(answersOf(ask({ opt: null }, client("127.0.0.1", "tcp"), many))).toHaveLength(60);
  });

  test("a flood from one address gets no more than its budget, and the honest client behind it is sent to TCP", () => {
    let now = 0;
    const by = responder([], () => now);
    const bytesOut = (from: string, questions: number) => {
      const question = encode({ type: "ANY" });
      let extra = 0;
      for (let index = 0; index < questions; index++) {
        extra += (by.respond(question, client(from)) as Uint8Array).length - question.length;
      }
      return extra;
    };
    expect(bytesOut("10.0.0.9", 30_000)).toBeLessThanOrEqual(1024 * 1024);
    expect(ask({}, client("10.0.0.9"), by)).toMatchObject({ flag_tc: true });
    expect(ask({}, client("10.0.0.9", "tcp"), by)).toMatchObject({ flag_tc: false });
    expect(ask({}, client("10.0.0.10"), by)).toMatchObject({ flag_tc: false });
    now += 1000;
    expect(ask({}, client("10.0.0.9"), by)).toMatchObject({ flag_tc: false });
  });
});

describe("hostile bytes", () => {
  /** What every answer has to be, whatever the question was. */
  function expectDecent(question: Uint8Array, from = client("10.0.0.9")) {
    const before = Buffer.from(question).toString("hex");
    const answer = responder().respond(question, from);
    expect(Buffer.from(question).toString("hex")).toBe(before);
    if (answer === null) return;
    expect(answer).toBeInstanceOf(Uint8Array);
    const bytes = answer as Uint8Array;
    expect(bytes[2] ?? 0).toBeGreaterThanOrEqual(0x80);
    expect(bytes.subarray(0, 2)).toEqual(question.slice(0, 2));
    expect(bytes.length).toBeLessThanOrEqual(question.length + 56);
    dnsPacket.decode(Buffer.from(bytes));
  }

  test("random ones never throw, and never get an answer much longer than they are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => expectDecent(bytes)),
      { numRuns: 2000 },
    );
  });

  test("nor do queries with some bytes changed, cut or added", () => {
    const question = fc.record({
      name: fc.constantFrom("docker.io", "registry-1.docker.io", "example.org", "."),
      type: fc.constantFrom("A", "AAAA", "ANY", "HTTPS", "AXFR", "UNKNOWN_65"),
      opt: fc.constantFrom(null, {}, { udpPayloadSize: 0 }, { flags: 0x8000 }),
    });
    const change = fc.tuple(fc.nat(80), fc.nat(255));
    fc.assert(
      fc.property(
        question,
        fc.array(change, { maxLength: 6 }),
        fc.nat(90),
        fc.uint8Array({ maxLength: 30 }),
        (asked, changes, cut, added) => {
          const bytes = Buffer.from(encode(asked));
          for (const [offset, value] of changes) if (offset < bytes.length) bytes[offset] = value;
          expectDecent(bytes);
          expectDecent(bytes.subarray(0, Math.min(cut, bytes.length)));
          expectDecent(Buffer.concat([bytes, added]));
        },
      ),
      { numRuns: 2000 },
    );
  });
});

function extendedErrorOf({ additionals }: DecodedPacket): number | null {
  const [opt] = (additionals ?? []) as { options?: readonly { code: number; data: Uint8Array }[] }[];
  const data = opt?.options?.find(({ code }) => code === 15)?.data;
  return data === undefined ? null : Buffer.from(data).readUInt16BE(0);
}
