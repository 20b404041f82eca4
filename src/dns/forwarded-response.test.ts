import { describe, expect, test } from "bun:test";
import dnsPacket, { type Answer, type DecodedPacket } from "dns-packet";
import fc from "fast-check";
import { ResponseCache } from "./cache.ts";
import { answersQuestion, type ForwardedResponse, personalise, readForwardedResponse } from "./forwarded-response.ts";
import { parseQuery, type Query } from "./query.ts";

const soa = { mname: "a.io", rname: "b.io", serial: 1, refresh: 1, retry: 1, expire: 1, minimum: 30 };
const opt = { type: "OPT", name: ".", udpPayloadSize: 4096, flags: 0, options: [], extendedRcode: 0, ednsVersion: 0 };
const a = (ttl: number, name = "Example.org") => ({ type: "A", name, ttl, data: "192.0.2.1" });

type Sections = { answers?: object[]; authorities?: object[]; additionals?: object[]; flags?: number; name?: string };

function encode(type: "query" | "response", { name = "Example.org", flags = 0x100, ...sections }: Sections) {
  const questions = [{ name, type: "A", class: "IN" }];
  return dnsPacket.encode({ type, id: 7, flags, questions, ...sections } as never);
}

function query(sections: Sections = {}): Query {
  const incoming = parseQuery(encode("query", sections));
  if (incoming.kind !== "query") throw new Error("not a query");
  return incoming.query;
}

function read(sections: Sections): ForwardedResponse {
  const response = readForwardedResponse(encode("response", sections), query().head.length);
  if (response === null) throw new Error("malformed");
  return response;
}

const decode = (bytes: Uint8Array) => dnsPacket.decode(Buffer.from(bytes)) as DecodedPacket & { rcode: string };
const ttls = (answers: Answer[] | undefined) => answers?.map((answer) => ("ttl" in answer ? answer.ttl : null));

describe("how long a response is remembered", () => {
  test("is the shortest time to live of its answers", () => {
    expect(read({ answers: [a(300), a(20)], additionals: [a(1)] }).lifetimeSeconds).toBe(20);
    expect(read({ answers: [a(10_000_000)] }).lifetimeSeconds).toBe(86_400);
    expect(read({ answers: [a(0x8000_0000)] }).lifetimeSeconds).toBe(0);
  });

  test("is, for nothing, what the start of authority says: RFC 2308", () => {
    const authorities = (ttl: number, minimum = 30) => [{ type: "SOA", name: "org", ttl, data: { ...soa, minimum } }];
    expect(read({ authorities: authorities(300) }).lifetimeSeconds).toBe(30);
    expect(read({ authorities: authorities(5), flags: 3 }).lifetimeSeconds).toBe(5);
    expect(read({ authorities: authorities(100_000, 100_000), flags: 3 }).lifetimeSeconds).toBe(3600);
    expect(read({ flags: 3 }).lifetimeSeconds).toBe(0);
    const alias = { type: "CNAME", name: "Example.org", ttl: 10, data: "b.org" };
    expect(read({ answers: [alias], authorities: authorities(300) }).lifetimeSeconds).toBe(10);
  });

  test("is two seconds for a failure, and nothing for a refusal", () => {
    expect(read({ flags: 2 }).lifetimeSeconds).toBe(2);
    expect(read({ flags: 5 }).lifetimeSeconds).toBe(0);
  });
});

describe("the message that a client gets", () => {
  test("has its id, its letter case, its EDNS, and times that went on", () => {
    const response = read({ answers: [a(300), a(5)], additionals: [opt], flags: 0x05a0 });
    const asked = query({ name: "eXAMPLE.oRG", additionals: [opt] });
    const answer = decode(personalise(response, asked, 10, 1232));
    expect(answer).toMatchObject({
      id: 7,
      flag_aa: false,
      flag_ad: false,
      flag_rd: true,
      flag_ra: true,
      rcode: "NOERROR",
    });
    expect(answer.questions).toMatchObject([{ name: "eXAMPLE.oRG" }]);
    expect(ttls(answer.answers)).toEqual([290, 0]);
    expect(answer.additionals).toMatchObject([{ type: "OPT", udpPayloadSize: 1232 }]);
    expect(decode(personalise(response, query(), 0, 512)).additionals).toEqual([]);
  });

  test("has the records byte for byte, OPT aside, wherever that stood", () => {
    const records = fc.array(
      fc.record({
        type: fc.constant("TXT"),
        name: fc.constant("x.org"),
        ttl: fc.nat(99),
        data: fc.stringMatching(/^[a-z]{1,50}$/),
      }),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(records, records, records, fc.boolean(), (answers, authorities, additionals, hasOpt) => {
        const sections = { answers, authorities, additionals: hasOpt ? [...additionals, opt] : additionals };
        const bytes = personalise(read(sections), query(), 0, 65_535);
        expect(bytes).toEqual(new Uint8Array(encode("response", { answers, authorities, additionals, flags: 0x180 })));
      }),
    );
    const first = read({ answers: [a(9)], additionals: [opt, a(8)] });
    expect(decode(personalise(first, query(), 0, 512))).toMatchObject({ answers: [{ ttl: 9 }], additionals: [] });
  });

  test("is marked as truncated, and empty, when the client does not take as much", () => {
    const answers = Array.from({ length: 40 }, () => a(60));
    const bytes = personalise(read({ answers }), query(), 0, 512);
    expect(decode(bytes)).toMatchObject({ flag_tc: true, answers: [] });
    expect(bytes).toHaveLength(query().head.length);
  });
});

describe("a response that came in", () => {
  const head = query().head;

  test("has to repeat the id and the question, in any case", () => {
    expect(answersQuestion(encode("response", {}), head)).toBe(true);
    expect(answersQuestion(encode("response", { name: "eXample.ORG" }), head)).toBe(true);
    expect(answersQuestion(encode("response", { name: "example.com" }), head)).toBe(false);
    expect(answersQuestion(encode("query", {}), head)).toBe(false);
    for (const [offset, value] of [
      [0, 1],
      [1, 8],
      [5, 2],
      [head.length - 3, 28],
      [head.length - 1, 3],
    ] as const) {
      const changed = Buffer.from(encode("response", {}));
      changed[offset] = value;
      expect(answersQuestion(changed, head)).toBe(false);
    }
  });

  test("may be any bytes: it is malformed or can be passed on, and nothing throws", () => {
    const valid = Buffer.from(encode("response", { answers: [a(3), a(4)], additionals: [opt] }));
    const change = fc.tuple(fc.nat(valid.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 8 }), fc.nat(valid.length), (changes, length) => {
        const bytes = Buffer.from(valid);
        for (const [offset, value] of changes) bytes[offset] = value;
        const cut = bytes.subarray(0, Math.max(head.length, length));
        answersQuestion(cut, head);
        const response = readForwardedResponse(cut, head.length);
        if (response !== null) expect(personalise(response, query(), 5, 1232).length).toBeLessThanOrEqual(1232);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("the cache", () => {
  const response = (lifetimeSeconds: number, size = 100): ForwardedResponse => ({
    bytes: new Uint8Array(size),
    ttlOffsets: [],
    responseCode: 0,
    lifetimeSeconds,
  });

  test("gives a response with its age until its time is over", () => {
    let now = 1000;
    const cache = new ResponseCache(10_000, () => now);
    const kept = response(10);
    cache.set("a", kept);
    cache.set("b", response(0));
    expect(cache.get("b")).toBeNull();
    now += 9999;
    expect(cache.get("a")).toEqual({ response: kept, ageSeconds: 9 });
    now += 1;
    expect(cache.get("a")).toBeNull();
    now -= 5000;
    expect(cache.get("a")).toBeNull();
  });

  test("stays within its bytes, and keeps what is asked for most recently", () => {
    const cache = new ResponseCache(2000, () => 0);
    for (const key of ["a", "b", "c"]) cache.set(key, response(10));
    expect(cache.get("a")).not.toBeNull();
    cache.set("d", response(10));
    expect(["a", "b", "c", "d"].filter((key) => cache.get(key) !== null)).toEqual(["a", "c", "d"]);
    cache.set("e", response(10, 5000));
    expect(cache.get("e")).toBeNull();
    for (let index = 0; index < 50; index++) cache.set("f", response(10));
    expect(cache.get("f")).not.toBeNull();
    cache.clear();
    expect(cache.get("f")).toBeNull();
  });
});
