import { expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type IpAddress, tryParseIpAddress } from "../lib/net/ip-address.ts";
import { SocketTable } from "./socket-table.ts";

const address = (text: string): IpAddress => tryParseIpAddress(text) ?? expect.unreachable();
const HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
const line = (local: string, far: string, uid: number, inode: number, state = "01") =>
  `   1: ${local} ${far} ${state} 00000000:00000000 00:00000000 00000000 ${uid} 0 ${inode} 1 0000000000000000 20 4 30 10 -1\n`;

async function find(tables: { tcp?: string; tcp6?: string }, remote: string, port: number) {
  const folder = await mkdtemp(join(tmpdir(), "larder-sockets-"));
  try {
    for (const [name, lines] of Object.entries(tables)) await writeFile(join(folder, name), HEADER + lines);
    return await new SocketTable(folder).find({ address: address(remote), port });
  } finally {
    await rm(folder, { recursive: true });
  }
}

const client = line("0100007F:9C40", "0100007F:1388", 1000, 48121);
const server = line("0100007F:1388", "0100007F:9C40", 998, 48122);

test("the end that is not larder's is found, in either order", async () => {
  expect(await find({ tcp: client + server }, "127.0.0.1", 40000)).toEqual({ uid: 1000, inode: 48121 });
  expect(await find({ tcp: server + client }, "127.0.0.1", 40000)).toEqual({ uid: 1000, inode: 48121 });
});

test("an IPv4 client of an IPv6 socket stands in another table than larder's end", async () => {
  const mapped = "0000000000000000FFFF00000100007F";
  const tcp6 = line(`${mapped}:1388`, `${mapped}:9C40`, 998, 48122);
  expect(await find({ tcp: client, tcp6 }, "::ffff:127.0.0.1", 40000)).toEqual({ uid: 1000, inode: 48121 });
  expect(await find({ tcp6: tcp6 + line(`${mapped}:9C40`, `${mapped}:1388`, 3, 4) }, "127.0.0.1", 40000)).toEqual({
    uid: 3,
    inode: 4,
  });
});

test("IPv6", async () => {
  const tcp6 = line("B80D0120000000000000000001000000:9C40", "B80D0120000000000000000001000000:1388", 5, 6);
  expect(await find({ tcp6 }, "2001:db8::1", 40000)).toEqual({ uid: 5, inode: 6 });
});

test("with larder's end alone, the other is not on this machine", async () => {
  expect(await find({ tcp: server }, "127.0.0.1", 40000)).toBe("elsewhere");
});

test("one that was closed is nobody's any more", async () => {
  const left = line("0100007F:9C40", "0100007F:1388", 0, 0, "05");
  expect(await find({ tcp: server + left }, "127.0.0.1", 40000)).toBe("left");
  const deserted = line("0100007F:1388", "0100007F:9C40", 998, 48122, "08");
  expect(await find({ tcp: deserted }, "127.0.0.1", 40000)).toBe("left");
});

test("without either, or without tables, nothing is known", async () => {
  expect(await find({ tcp: server + client }, "127.0.0.1", 40001)).toBe("unknown");
  expect(await find({ tcp: server + client }, "127.0.0.2", 40000)).toBe("unknown");
  expect(await find({}, "127.0.0.1", 40000)).toBe("unknown");
});

test.skipIf(process.platform !== "linux")("a connection of this process is this account's", async () => {
  const opened = Promise.withResolvers<{ address: string; port: number }>();
  const socket = {
    data() {},
    open: (peer: Bun.Socket) => opened.resolve({ address: peer.remoteAddress, port: peer.remotePort }),
  };
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket });
  const connection = await Bun.connect({ hostname: "127.0.0.1", port: listener.port, socket: { data() {} } });
  const { address: text, port } = await opened.promise;
  const owner = await new SocketTable().find({ address: address(text), port });
  expect(owner).toMatchObject({ uid: process.getuid?.() });
  connection.end();
  listener.stop(true);
});
