/**
 * One question to one DNS server, over UDP, and again over TCP when the answer does not fit.
 *
 * Each question has a random id and a socket of its own, whose port the kernel chooses at random: who wants to slip in a
 * false answer has to guess both (RFC 5452, 4.5 and 9.2). Only what comes from that server's address and repeats the
 * question counts; after some guesses have arrived, the question is asked over TCP, where guessing is harder still.
 */
import { answersQuestion } from "./forwarded-response.ts";
import { formatSocketAddress, type SocketAddress } from "../lib/net/socket-address.ts";
import { frame, StreamUnframer } from "./stream-framing.ts";
import { HEADER_BYTES, RESPONSE_CODE, readU16, writeU16 } from "./wire.ts";

const MAX_FALSE_ANSWERS = 8;

/** The server did not answer in time, or could not be reached. */
export class ExchangeError extends Error {
  override readonly name = "ExchangeError";
}

/**
 * The answer of `server` to `query`, whose id is replaced. Throws an ExchangeError when there is none within
 * `timeoutMilliseconds`. A server that cannot read the query at all may answer with a header alone.
 */
export async function exchange(
  server: SocketAddress,
  query: Uint8Array,
  timeoutMilliseconds: number,
): Promise<Uint8Array> {
  const deadline = performance.now() + timeoutMilliseconds;
  const message = query.slice();
  writeU16(message, 0, crypto.getRandomValues(new Uint16Array(1))[0] ?? 0);
  const answer = await askOverUdp(server, message, timeoutMilliseconds);
  const isTruncated = answer === null || ((answer[2] ?? 0) & 0x02) !== 0;
  return isTruncated ? askOverTcp(server, message, Math.max(1, deadline - performance.now())) : answer;
}

/** Null when false answers came in, and the true one is better asked for over TCP. */
async function askOverUdp(server: SocketAddress, message: Uint8Array, timeoutMilliseconds: number) {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array | null>();
  const timer = setTimeout(() => reject(timedOut(server, "UDP")), timeoutMilliseconds);
  let falseAnswers = 0;
  const socket = await Bun.udpSocket({
    // Connected: the kernel drops what other addresses send, and reports a port that nobody listens on.
    connect: { hostname: server.address, port: server.port },
    socket: {
      data(_socket, bytes) {
        if (isAnswer(bytes, message)) resolve(bytes.slice());
        else if (++falseAnswers >= MAX_FALSE_ANSWERS) resolve(null);
      },
      error: (_socket, error) => reject(failed(server, "UDP", error)),
    },
  }).catch((error: unknown) => {
    clearTimeout(timer);
    throw failed(server, "UDP", error);
  });
  try {
    socket.send(message);
    return await promise;
  } catch (error) {
    throw error instanceof ExchangeError ? error : failed(server, "UDP", error);
  } finally {
    clearTimeout(timer);
    socket.close();
  }
}

async function askOverTcp(
  server: SocketAddress,
  message: Uint8Array,
  timeoutMilliseconds: number,
): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const timer = setTimeout(() => reject(timedOut(server, "TCP")), timeoutMilliseconds);
  const unframer = new StreamUnframer();
  const connecting = Bun.connect({
    hostname: server.address,
    port: server.port,
    socket: {
      // A query is far smaller than any socket's buffer: it goes out whole.
      open: (socket) => void socket.write(frame(message)),
      data(_socket, bytes) {
        const [answer] = unframer.push(bytes);
        if (answer === undefined) return;
        if (isAnswer(answer, message)) resolve(answer);
        else reject(new ExchangeError(`${describe(server, "TCP")} answered another question`));
      },
      close: () => reject(new ExchangeError(`${describe(server, "TCP")} closed the connection without an answer`)),
      error: (_socket, error) => reject(failed(server, "TCP", error)),
      connectError: (_socket, error) => reject(failed(server, "TCP", error)),
    },
  });
  // A connection that comes too late is closed below; one that fails has been reported by connectError.
  connecting.catch(() => {});
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    void connecting.then((socket) => socket.end()).catch(() => {});
  }
}

function isAnswer(bytes: Uint8Array, query: Uint8Array): boolean {
  if (answersQuestion(bytes, query)) return true;
  // A server older than EDNS may send nothing but the code back (RFC 6891, 7).
  const isHeaderAlone = bytes.length === HEADER_BYTES && ((bytes[2] ?? 0) & 0x80) !== 0 && readU16(bytes, 4) === 0;
  const code = (bytes[3] ?? 0) & 0x0f;
  const isComplaint = code === RESPONSE_CODE.FORMERR || code === RESPONSE_CODE.NOTIMP;
  return isHeaderAlone && isComplaint && readU16(bytes, 0) === readU16(query, 0);
}

function describe(server: SocketAddress, transport: string): string {
  return `the DNS server ${formatSocketAddress(server)} (${transport})`;
}

function timedOut(server: SocketAddress, transport: string): ExchangeError {
  return new ExchangeError(`${describe(server, transport)} did not answer in time`);
}

function failed(server: SocketAddress, transport: string, cause: unknown): ExchangeError {
  return new ExchangeError(`${describe(server, transport)} cannot be asked: ${String(cause)}`, { cause });
}
