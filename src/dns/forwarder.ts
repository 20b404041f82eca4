/** Asks other servers what larder does not answer itself, and remembers what they say. */
import { type CachedResponse, ResponseCache } from "./cache.ts";
import { ExchangeError, exchange } from "./exchange.ts";
import { type ForwardedResponse, readForwardedResponse } from "./forwarded-response.ts";
import type { Query } from "./query.ts";
import { writeEdns } from "./reply.ts";
import { SingleFlight } from "../lib/async/single-flight.ts";
import { formatSocketAddress, type SocketAddress } from "../lib/net/socket-address.ts";
import { HEADER_BYTES, RESPONSE_CODE, writeU16 } from "./wire.ts";

/** What a forwarder needs. */
export type ForwarderOptions = {
  /** Best first. Asked at every question: they may change. */
  readonly servers: () => readonly SocketAddress[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Told once when a server stops answering, and once when it answers again. */
  readonly report: (message: string, fields: Readonly<{ [name: string]: unknown }>) => void;
};

const CACHE_BYTES = 16 * 1024 * 1024;
/** Each costs a socket and a few kilobytes. */
const MAX_IN_FLIGHT = 1000;
/** Clients ask again, or elsewhere, after 5 s (resolv.conf(5)). */
const DEADLINE_MS = 4500;
const TIMEOUT_MS = 1400;
/** A server that failed is asked after the others for so long. */
const SHUNNED_MS = 20_000;
const OPT_BYTES = 11;

/** Asks other servers, each question once at a time, and remembers their answers for as long as they hold. */
export class Forwarder {
  readonly #options: ForwarderOptions;
  readonly #cache: ResponseCache;
  readonly #questions = new SingleFlight<string, ForwardedResponse | null>();
  /** When it failed, by server. */
  readonly #failedAt = new Map<string, number>();

  constructor(options: ForwarderOptions) {
    this.#options = options;
    this.#cache = new ResponseCache(CACHE_BYTES, options.now);
  }

  /** What is remembered for `query`, or null. */
  recall(query: Query): CachedResponse | null {
    return this.#cache.get(keyOf(query));
  }

  /**
   * What the servers say, or null when none of them can be asked. Clients that ask the same at the same time share one
   * question; of `query`, nothing is kept.
   */
  async ask(query: Query): Promise<ForwardedResponse | null> {
    const key = keyOf(query);
    if (!this.#questions.has(key) && this.#questions.size >= MAX_IN_FLIGHT) return null;
    return this.#questions.run(key, async () => {
      const response = await this.#askServers(query);
      if (response !== null) this.#cache.set(key, response);
      return response;
    });
  }

  /** Forgets all answers: the servers that gave them are no longer those to ask. */
  forget(): void {
    this.#cache.clear();
  }

  /** The first good answer; else the last that was not good, such as SERVFAIL; else null. */
  async #askServers(query: Query): Promise<ForwardedResponse | null> {
    const head = query.head.slice();
    const deadline = performance.now() + DEADLINE_MS;
    const servers = this.#inOrder();
    let lastResort: ForwardedResponse | null = null;
    for (const server of [...servers, ...servers]) {
      const left = deadline - performance.now();
      if (left <= 0) break;
      const response = await this.#askServer(server, { ...query, head }, Math.min(left, TIMEOUT_MS));
      if (response === null) continue;
      const { responseCode } = response;
      if (responseCode === RESPONSE_CODE.NOERROR || responseCode === RESPONSE_CODE.NXDOMAIN) return response;
      // The second round is for packets that got lost, not for servers that say no twice.
      if (lastResort !== null && servers.length === 1) break;
      lastResort = response;
    }
    return lastResort;
  }

  #inOrder(): readonly SocketAddress[] {
    const isShunned = (server: SocketAddress) => {
      const failedAt = this.#failedAt.get(formatSocketAddress(server));
      return failedAt !== undefined && Math.abs(this.#options.now() - failedAt) < SHUNNED_MS;
    };
    const servers = this.#options.servers();
    return [...servers.filter((server) => !isShunned(server)), ...servers.filter(isShunned)];
  }

  async #askServer(server: SocketAddress, query: Query, timeoutMilliseconds: number) {
    const name = formatSocketAddress(server);
    try {
      const response = await askWithEdns(server, query, timeoutMilliseconds);
      if (response === null) throw new ExchangeError(`the DNS server ${name} sent a malformed answer`);
      if (this.#failedAt.delete(name)) this.#options.report("a DNS server answers again", { server: name });
      return response;
    } catch (error) {
      if (!(error instanceof ExchangeError)) throw error;
      if (!this.#failedAt.has(name)) {
        this.#options.report("a DNS server does not answer", { server: name, error: error.message });
      }
      this.#failedAt.set(name, this.#options.now());
      return null;
    }
  }
}

/** Servers from before EDNS are asked a second time, without. */
async function askWithEdns(server: SocketAddress, query: Query, timeoutMilliseconds: number) {
  const questionEnd = query.head.length;
  const read = async (message: Uint8Array) => {
    const answer = await exchange(server, message, timeoutMilliseconds);
    if (answer.length === HEADER_BYTES) return { isComplaint: true, response: null };
    const response = readForwardedResponse(answer, questionEnd);
    return { isComplaint: response?.responseCode === RESPONSE_CODE.FORMERR, response };
  };
  const { isComplaint, response } = await read(encodeQuestion(query, true));
  return isComplaint ? (await read(encodeQuestion(query, false))).response : response;
}

/** Recursion desired, checking as the client wants it, the question as the client wrote it, perhaps OPT. */
function encodeQuestion(query: Query, withEdns: boolean): Uint8Array {
  const { head } = query;
  const message = new Uint8Array(head.length + (withEdns ? OPT_BYTES : 0));
  message.set(head);
  message[2] = 0x01;
  message[3] = query.checkingDisabled ? 0x10 : 0;
  message.fill(0, 6, HEADER_BYTES);
  if (withEdns) {
    writeU16(message, 10, 1);
    writeEdns(message, head.length, withOwnEdns(query), 0, null);
  }
  return message;
}

function withOwnEdns(query: Query): Query {
  return { ...query, edns: { version: 0, udpBytes: 0, dnssecOk: query.edns?.dnssecOk ?? false } };
}

/** Answers differ by name, type, and whether signatures are wanted (DO) and checked (CD). */
function keyOf(query: Query): string {
  return `${query.type} ${query.edns?.dnssecOk ?? false} ${query.checkingDisabled} ${query.name}`;
}
