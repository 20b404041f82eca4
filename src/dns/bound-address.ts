import { type AddressData, addressData } from "./answers.ts";
import type { Responder } from "./responder.ts";
import type { SocketAddress } from "../lib/net/socket-address.ts";
import { type ConnectionCount, listenTcp } from "./tcp-connections.ts";
import { codeOf } from "../lib/files/system-error.ts";

/** Sockets for UDP and TCP on one address. */
export type BoundAddress = SocketAddress & {
  /** The addresses that answers give to clients that ask here. */
  offer(addresses: readonly string[]): void;
  stop(): void;
};

/** With port 0, the port that is free for TCP may be taken for UDP. */
const MAX_ATTEMPTS = 10;

/**
 * Opens both sockets at `wanted`; port 0 becomes the same free port for both. Throws the system's error, with its
 * `code`, when one of them cannot be opened.
 */
export async function bindAddress(
  wanted: SocketAddress,
  responder: Responder,
  count: ConnectionCount,
): Promise<BoundAddress> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await tryBind(wanted, responder, count);
    } catch (error) {
      const isTaken = codeOf(error) === "EADDRINUSE";
      if (wanted.port !== 0 || !isTaken || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

async function tryBind(wanted: SocketAddress, responder: Responder, count: ConnectionCount): Promise<BoundAddress> {
  let local: AddressData = addressData([]);
  // First, since free ports are rarer for TCP: closed connections hold theirs for a minute.
  const tcp = listenTcp(
    wanted,
    (message, address) => responder.respond(message, { address, transport: "tcp", local }),
    count,
  );
  try {
    const udp = await Bun.udpSocket({
      hostname: wanted.address,
      port: tcp.port,
      socket: {
        data(socket, message, port, address) {
          const answer = responder.respond(message, { address, transport: "udp", local });
          // What the socket does not take is lost, as datagrams may be: the client asks again.
          if (answer instanceof Promise) {
            void answer.then((bytes) => bytes !== null && !socket.closed && socket.send(bytes, port, address));
          } else if (answer !== null) socket.send(answer, port, address);
        },
        // A client's port that is closed by now; nobody waits for that answer any more.
        error() {},
      },
    });
    return {
      address: wanted.address,
      port: tcp.port,
      offer(addresses) {
        local = addressData(addresses);
      },
      stop() {
        udp.close();
        tcp.stop(true);
      },
    };
  } catch (error) {
    tcp.stop(true);
    throw error;
  }
}
