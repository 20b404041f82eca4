/**
 * Clients over TCP: several questions on one connection, answered as the answers come (RFC 7766, 6.2.1.1 and 7).
 * Everything that a client can make grow is bounded: connections, questions in hand, answers that it does not take.
 */
import type { Socket, TCPSocketListener } from "bun";
import type { SocketAddress } from "../lib/net/socket-address.ts";
import { frame, StreamUnframer } from "./stream-framing.ts";

type Respond = (message: Uint8Array, address: string) => Uint8Array | null | Promise<Uint8Array | null>;

type Connection = {
  readonly unframer: StreamUnframer;
  readonly client: string;
  /** Answers that the socket did not take yet. */
  readonly waiting: Uint8Array[];
  waitingBytes: number;
  questions: number;
};

const MAX_CONNECTIONS = 512;
const MAX_CONNECTIONS_PER_CLIENT = 64;
const MAX_QUESTIONS = 32;
const MAX_WAITING_BYTES = 256 * 1024;
/** From one whole question to the next (RFC 7766, 6.2.3: a few seconds). */
const IDLE_SECONDS = 10;

/** How many connections each client has. Shared by all listeners of a server. */
export class ConnectionCount {
  readonly #byClient = new Map<string, number>();
  #all = 0;

  /** Counts one more, unless that is too many. */
  add(client: string): boolean {
    const own = this.#byClient.get(client) ?? 0;
    if (this.#all >= MAX_CONNECTIONS || own >= MAX_CONNECTIONS_PER_CLIENT) return false;
    this.#byClient.set(client, own + 1);
    this.#all++;
    return true;
  }

  remove(client: string): void {
    const left = (this.#byClient.get(client) ?? 1) - 1;
    if (left === 0) this.#byClient.delete(client);
    else this.#byClient.set(client, left);
    this.#all--;
  }
}

/** Listens at `address`. Throws what Bun.listen throws when it is taken or forbidden. */
export function listenTcp(
  { address, port }: SocketAddress,
  respond: Respond,
  count: ConnectionCount,
): TCPSocketListener<Connection | null> {
  return Bun.listen<Connection | null>({
    hostname: address,
    port,
    data: null,
    socket: {
      open(socket) {
        const client = socket.remoteAddress;
        socket.data = null;
        if (!count.add(client)) {
          socket.terminate();
          return;
        }
        socket.data = { unframer: new StreamUnframer(), client, waiting: [], waitingBytes: 0, questions: 0 };
        socket.timeout(IDLE_SECONDS);
      },
      data(socket, chunk) {
        const connection = socket.data;
        if (connection === null) return;
        for (const message of connection.unframer.push(chunk)) {
          socket.timeout(IDLE_SECONDS);
          void take(socket, connection, message, respond);
        }
      },
      drain(socket) {
        if (socket.data !== null) flush(socket, socket.data);
      },
      timeout: (socket) => void socket.end(),
      close(socket) {
        if (socket.data !== null) count.remove(socket.data.client);
        socket.data = null;
      },
      // The connection is gone; close() follows, and the client knows.
      error() {},
    },
  });
}

async function take(socket: Socket<Connection | null>, connection: Connection, message: Uint8Array, respond: Respond) {
  connection.questions++;
  if (connection.questions >= MAX_QUESTIONS) socket.pause();
  const answer = await respond(message, connection.client);
  connection.questions--;
  if (socket.data === null) return;
  if (connection.questions < MAX_QUESTIONS) socket.resume();
  if (answer === null) return;
  const framed = frame(answer);
  connection.waiting.push(framed);
  connection.waitingBytes += framed.length;
  flush(socket, connection);
  if (connection.waitingBytes > MAX_WAITING_BYTES) socket.terminate();
}

function flush(socket: Socket<Connection | null>, connection: Connection): void {
  for (let next = connection.waiting.shift(); next !== undefined; next = connection.waiting.shift()) {
    const written = Math.max(0, socket.write(next));
    connection.waitingBytes -= written;
    if (written < next.length) {
      connection.waiting.unshift(next.subarray(written));
      return;
    }
  }
}
