import { afterEach, expect, test } from "bun:test";
import { createServer, connect, type Socket } from "node:net";
import { type IpAddress, tryParseIpAddress } from "../lib/net/ip-address.ts";
import { findFarEnd } from "./find-far-end.ts";
import { type KernelSocket, openSocketDiagnosis, type SocketDiagnosis } from "./socket-diagnosis.ts";
import type { Endpoint } from "./socket-owner.ts";
import { SocketTable } from "./socket-table.ts";

const address = (text: string): IpAddress => tryParseIpAddress(text) ?? expect.unreachable();
const spell = ({ address: own, port }: Endpoint): string => `${own.toString()} ${port}`;
const remote = { address: address("192.0.2.1"), port: 40000 };
const anywhere = { address: null, port: 5000 };
const addresses = ["127.0.0.1", "192.0.2.1", "192.0.2.7", "2001:db8::1"].map(address);
const table = { find: () => Promise.resolve("unknown" as const) };

/** A kernel with these sockets, by "near > far". */
function kernelWith(sockets: Record<string, Partial<KernelSocket>>): SocketDiagnosis {
  return {
    find(near, far) {
      const socket = sockets[`${spell(near)} > ${spell(far)}`];
      return socket === undefined ? null : { state: 1, uid: 1000, inode: 7, ...socket };
    },
  };
}

test("a client goes to the address that it comes from, or to another of this machine", async () => {
  for (const own of ["192.0.2.1", "127.0.1.1", "192.0.2.7"]) {
    const kernel = kernelWith({ [`192.0.2.1 40000 > ${own} 5000`]: {} });
    expect(await findFarEnd({ remote, local: anywhere }, addresses, kernel, table)).toMatchObject({
      uid: 1000,
      inode: 7,
    });
  }
});

test.each([
  ["left", { "192.0.2.1 40000 > 192.0.2.7 5000": { state: 5, uid: 0, inode: 0 } }],
  ["left", { "192.0.2.7 5000 > 192.0.2.1 40000": { state: 8 } }],
  ["elsewhere", { "192.0.2.7 5000 > 192.0.2.1 40000": {} }],
] as const)("%s: %p", async (expected, sockets) => {
  expect(await findFarEnd({ remote, local: anywhere }, addresses, kernelWith(sockets), table)).toBe(expected);
});

test("the table tells what the kernel does not", async () => {
  const asked: Endpoint[] = [];
  const noted = {
    find(end: Endpoint) {
      asked.push(end);
      return Promise.resolve("left" as const);
    },
  };
  for (const kernel of [null, kernelWith({}), { find: () => "unknown" as const }]) {
    expect(await findFarEnd({ remote, local: anywhere }, addresses, kernel, noted)).toBe("left");
  }
  expect(asked).toEqual([remote, remote, remote]);
});

const opened: { destroy(): void }[] = [];
afterEach(() => {
  for (const one of opened.splice(0)) one.destroy();
});

/** A real connection; `remote` is what the server sees. */
async function connectTo(host: string, listenOn: string) {
  const server = createServer({ allowHalfOpen: true }).listen(0, listenOn);
  opened.push({ destroy: () => void server.close() });
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve));
  const client = connect({ host, port, allowHalfOpen: true });
  const far = await accepted;
  opened.push(client, far);
  const seen = { address: address(far.remoteAddress ?? ""), port: far.remotePort ?? 0 };
  return { client, remote: seen, port };
}

const diagnosis = openSocketDiagnosis();

test.skipIf(diagnosis === null).each([
  ["127.0.0.1", "127.0.0.1"],
  ["127.0.0.1", "::"],
  ["127.0.1.1", "::"],
  ["127.3.4.5", "0.0.0.0"],
])("Linux tells whose a connection to %s is, at a socket on %s", async (host, listenOn) => {
  const { client, remote: end, port } = await connectTo(host, listenOn);
  const ask = () =>
    findFarEnd({ remote: end, local: { address: null, port } }, addresses, diagnosis, new SocketTable());
  const far = await ask();
  expect(far).toMatchObject({ uid: process.getuid?.() });
  // The table may skip a socket while others come and go.
  let listed = await new SocketTable().find(end);
  while (typeof listed !== "object") listed = await new SocketTable().find(end);
  expect(listed.inode).toBe(typeof far === "object" ? far.inode : Number.NaN);
  client.end();
  client.destroy();
  while (typeof (await ask()) === "object") await Bun.sleep(5);
  expect(await ask()).toBe("left");
  // Nobody is taken for another who listens where the connection would be.
  expect(diagnosis?.find({ address: address(host), port }, { address: address(host), port: 1 })).toBeNull();
});
