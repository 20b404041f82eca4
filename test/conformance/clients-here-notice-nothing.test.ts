import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { freshName } from "./content-factory.ts";
import { type LarderProcess, startLarder } from "./larder-process.ts";
import { isForeignRegistry } from "./registry-under-test.ts";

const CONNECTIONS = 1000;
const TIMEOUT_MS = 120_000;

/** Whoever runs a program on larder's own machine may write, however many do at once, and however they come and go. */
describe.skipIf(isForeignRegistry)("a client on larder's own machine", () => {
  let larder: LarderProcess;
  const sockets: Socket[] = [];
  beforeAll(async () => {
    larder = await startLarder();
  });
  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    await larder.stop();
  });

  const beginning = (): string => {
    const { host } = new URL(larder.url);
    return `POST /v2/${freshName()}/blobs/uploads/ HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 0\r\n\r\n`;
  };

  async function connection(): Promise<Socket> {
    const { hostname, port } = new URL(larder.url);
    const socket = connect({ host: hostname, port: Number(port) });
    sockets.push(socket);
    await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    return socket;
  }

  /** The status line of the answer to one request. */
  async function beginOn(socket: Socket): Promise<string> {
    const answer = new Promise<Buffer>((resolve, reject) => socket.once("data", resolve).once("close", reject));
    socket.write(beginning());
    const bytes = await answer;
    socket.removeAllListeners("close");
    return bytes.toString("latin1").split("\r\n", 1)[0] ?? "";
  }

  test(
    "is one of a thousand, each on a connection that it keeps",
    async () => {
      const open = await Promise.all(Array.from({ length: CONNECTIONS }, connection));
      for (const _round of [1, 2]) {
        const answers = new Set(await Promise.all(open.map(beginOn)));
        expect([...answers]).toEqual(["HTTP/1.1 202 Accepted"]);
      }
    },
    TIMEOUT_MS,
  );

  test(
    "leaves as soon as it has sent its request, and is refused for nothing",
    async () => {
      for (let client = 0; client < 100; client++) {
        const socket = await connection();
        socket.end(beginning());
        if (client % 2 === 0) socket.destroy();
      }
      // Whatever was refused stands in the log before the line of this request. Where a proxy runs, it may have been the proxy.
      expect(await beginOn(await connection())).toBe("HTTP/1.1 202 Accepted");
      const answered = () => larder.output().match(/"status":(?:202|403)/g)?.length ?? 0;
      for (let looks = 0; looks < 200 && answered() === 0; looks++) await Bun.sleep(10);
      expect(answered()).toBeGreaterThan(0);
      expect(larder.output().replaceAll(/.*it may have been.*\n/g, "")).not.toContain("DENIED");
    },
    TIMEOUT_MS,
  );
});
