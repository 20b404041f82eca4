import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseResolvConf } from "./resolv-conf.ts";
import { formatSocketAddress, parseResolver } from "./socket-address.ts";
import { frame, StreamUnframer } from "./stream-framing.ts";

describe("the address of a resolver", () => {
  test("is read as it was printed", () => {
    const address = fc.oneof(fc.ipV4(), fc.ipV6());
    fc.assert(
      fc.property(address, fc.integer({ min: 1, max: 65_535 }), (address, port) => {
        expect(parseResolver(formatSocketAddress({ address, port }))).toEqual({ address, port });
        expect(parseResolver(address)).toEqual({ address, port: 53 });
      }),
    );
    expect(parseResolver("fe80::1%eth0")).toEqual({ address: "fe80::1%eth0", port: 53 });
  });

  test("is an IP address: names and nonsense are refused, and quoted", () => {
    for (const text of [
      "dns.example.com",
      "",
      "9.9.9",
      "9.9.9.9:0",
      "9.9.9.9:70000",
      "[::1",
      "[9.9.9]:53",
      "::1]:53",
    ]) {
      expect(() => parseResolver(text)).toThrow(JSON.stringify(text));
    }
  });
});

describe("resolv.conf", () => {
  test("names its servers in lines that begin with nameserver", () => {
    const text = "# nameserver 1.1.1.1\nnameserver 9.9.9.9 # quad\nnameserver\tfe80::1%eth0\n nameserver 8.8.8.8\n";
    expect(parseResolvConf(`${text}nameserver 9.9.9.9\nnameserver 0.0.0.0\nnameserver dns\nsearch a.b`)).toEqual([
      { address: "9.9.9.9", port: 53 },
      { address: "fe80::1%eth0", port: 53 },
      { address: "127.0.0.1", port: 53 },
    ]);
    expect(parseResolvConf("")).toEqual([]);
  });
});

describe("messages on a stream", () => {
  test("come out as they went in, however the stream was cut", () => {
    const messages = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 6 });
    fc.assert(
      fc.property(messages, fc.integer({ min: 1, max: 50 }), (messages, pieceBytes) => {
        const stream = Buffer.concat(messages.map(frame));
        const unframer = new StreamUnframer();
        const received: Uint8Array[] = [];
        for (let offset = 0; offset < stream.length; offset += pieceBytes) {
          received.push(...unframer.push(stream.subarray(offset, offset + pieceBytes)));
        }
        expect(received.map((bytes) => Buffer.from(bytes))).toEqual(messages.map((bytes) => Buffer.from(bytes)));
      }),
    );
  });
});
