import { expect, test } from "bun:test";
import { tryParseIpAddress } from "../lib/net/ip-address.ts";
import { ESTABLISHED, openSocketDiagnosis, type SentBytesSource, type SocketDiagnosis } from "./socket-diagnosis.ts";
import type { Endpoint } from "./socket-owner.ts";

const diagnosis = openSocketDiagnosis();

function endpoint(address: string, port: number): Endpoint {
  const parsed = tryParseIpAddress(address);
  if (parsed === null) throw new Error(address);
  return { address: parsed, port };
}

async function until<T>(look: () => T, holds: (value: T) => boolean): Promise<T> {
  for (let value = look(); ; value = look()) {
    if (holds(value)) return value;
    await Bun.sleep(5);
  }
}

test.skipIf(diagnosis === null).each(["127.0.0.1", "::1"])(
  "it is told how much a connection at %s has sent",
  async (host) => {
    const kernel = diagnosis as SocketDiagnosis & SentBytesSource;
    const received: number[] = [];
    let far: Endpoint | null = null;
    const server = Bun.listen({
      hostname: host,
      port: 0,
      socket: {
        open: (socket) => {
          far = endpoint(host, new Number(socket.remotePort).valueOf());
          socket.write(new Uint8Array(12_345));
        },
        data: () => {},
      },
    });
    const near = endpoint(host, server.port);
    const client = await Bun.connect({
      hostname: host,
      port: server.port,
      socket: { data: (_, bytes) => void received.push(bytes.length) },
    });
    try {
      const end = await until(
        () => far,
        (value) => value !== null,
      );
      const sent = () => kernel.sent(near, end as Endpoint);
      const told = await until(sent, (value) => typeof value === "object" && value !== null && value.pending === 0);
      expect(told).toEqual({ acknowledged: 12_345, pending: 0, state: ESTABLISHED });
      expect(kernel.sent(near, endpoint(host, 1))).toBeNull();
      expect(kernel.find(near, end as Endpoint)).toMatchObject({ state: ESTABLISHED });
    } finally {
      client.end();
      server.stop(true);
    }
  },
);
