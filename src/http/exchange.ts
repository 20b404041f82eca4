import type { Applicant } from "../access/gate.ts";
import { type Arrival, type Principal, principalName } from "../access/principal.ts";
import { plainAddress } from "../lib/net/ip-address.ts";
import type { Span } from "../telemetry/traces/span.ts";
import { arrivalOf, type Listener, schemeOfListener } from "./arrival-of.ts";
import { ExchangeRecord } from "./exchange-record.ts";
import { type StreamEnd, watchStream } from "./watch-stream.ts";

/** What an exchange needs of the pipeline that it goes through. */
export interface ExchangeKeeper {
  readonly elapsed: () => number;
  authenticate(request: Request, arrival: Arrival): Promise<Principal>;
  /** Who asks, where that is remembered. */
  authenticateNow(request: Request): Principal | null;
  /** The id that a client sent, if it is a sane one, else a new one. */
  identify(request: Request): string;
  /** The scheme and host by which the client reached larder, as `https://HOST`; null: that cannot be told. */
  originOf(exchange: Exchange): string | null;
  /** The address of the client at the end of this connection, by the word of a trusted proxy where there is one. */
  clientAt(remote: string, exchange: Exchange): string;
  /** Told when an answer that is streamed has ended. */
  streamEnded(exchange: Exchange, end: StreamEnd): void;
  /** Told when the body of the request begins to be read. */
  receiving(exchange: Exchange): void;
  /** Told of a fault of larder's own that came when the answer had begun. */
  noteFault(exchange: Exchange, fault: unknown): void;
}

/** Bun's largest idle timeout, in seconds: a transfer may pause for as long. */
const SLOW_TRANSFER_SECONDS = 255;
/** Most requests have none, and nobody writes to it. */
const NO_QUERY = new URLSearchParams();

/**
 * A request on its way to its answer: what the client sent, what the connection tells, and the record of both. What is
 * costly to find out is found out when it is first asked for.
 */
export class Exchange implements Applicant {
  readonly request: Request;
  /** As it was sent, without the query. */
  readonly path: string;
  /** The query as it was sent, without its question mark; empty without one. */
  readonly search: string;
  readonly record = new ExchangeRecord();
  /** The session with the page that the request is of; null: none, or its cookie does not count there. */
  pageSession: { readonly id: string; readonly expiresAtMs: number } | null = null;
  /** Has the client the cookie of a session that is over? */
  hadSession = false;
  /** A cookie that the answer is to give, as `Set-Cookie` has it. */
  setCookie: string | null = null;
  /** By the pipeline's clock. */
  readonly startedMs: number;
  /** Is the answer's body a stream of larder's own, which ends later than the answer begins? */
  isStreamed = false;
  /** Null: it is not traced. */
  span: Span | null = null;
  readonly #listener: Listener;
  readonly #keeper: ExchangeKeeper;
  #remote: string | null | undefined = undefined;
  #requestId: string | null = null;
  #host: string | null | undefined = undefined;
  #query: URLSearchParams | null = null;
  #principal: Promise<Principal> | null = null;
  #who: string | null = null;
  #identify: (() => Promise<Principal>) | null = null;

  constructor(request: Request, listener: Listener, keeper: ExchangeKeeper) {
    this.request = request;
    this.#listener = listener;
    this.#keeper = keeper;
    this.startedMs = keeper.elapsed();
    // Without the cost of a URL object. After a malformed Host, the runtime gives no more than the path.
    const { url } = request;
    const slash = url.startsWith("/") ? 0 : url.indexOf("/", url.indexOf("//") + 2);
    const question = url.indexOf("?", slash);
    this.path = question < 0 ? url.slice(slash) : url.slice(slash, question);
    this.search = question < 0 ? "" : url.slice(question + 1);
  }

  /** The `Host` header; null without one. The runtime joins several by commas: the pipeline refuses those. */
  get host(): string | null {
    if (this.#host === undefined) this.#host = this.request.headers.get("host");
    return this.#host;
  }

  /** The query, parsed. */
  get query(): URLSearchParams {
    if (this.search === "") return NO_QUERY;
    this.#query ??= new URLSearchParams(this.search);
    return this.#query;
  }

  /** The request's name in logs, here and at upstream registries: the client's own, or a new one. */
  get requestId(): string {
    this.#requestId ??= this.#keeper.identify(this.request);
    return this.#requestId;
  }

  /** How the request got here. To be asked before anything is waited for: who sent it may be gone soon. */
  arrival(): Arrival {
    return arrivalOf(this.request, this.#listener);
  }

  /** The scheme that the client used, or the proxy in front of larder. A request's own URL may lack the TLS that it came over. */
  get scheme(): "http" | "https" {
    return schemeOfListener(this.#listener);
  }

  /** The address at the other end of the connection; null when it was gone when this was first asked. */
  remote(): string | null {
    if (this.#remote === undefined) {
      const address = this.#listener.requestIP(this.request)?.address;
      this.#remote = address === undefined ? null : plainAddress(address);
    }
    return this.#remote;
  }

  /** The client's address, for events and the audit log; null when the connection was gone when this was first asked. */
  get from(): string | null {
    const remote = this.remote();
    return remote === null ? null : this.#keeper.clientAt(remote, this);
  }

  /** How the client asked, for events. */
  facts() {
    const { host, path, request } = this;
    const origin = this.#keeper.originOf(this);
    const end = Math.max(path.lastIndexOf("/manifests/"), path.lastIndexOf("/blobs/"));
    const repositoryUrl = origin === null || end < 0 ? null : `${origin}${path.slice(0, end)}`;
    return { method: request.method, host, userAgent: request.headers.get("user-agent"), repositoryUrl };
  }

  /** The name of who asks, once that was found out; null for who has none, and for what everybody may. */
  get who(): string | null {
    return this.#who;
  }

  /** Who asks: found out once. To be asked before anything is waited for, as `arrival`. */
  principal(): Promise<Principal> {
    this.#principal ??= this.#keeper.authenticate(this.request, this.arrival()).then((principal) => {
      this.#who = principalName(principal);
      return principal;
    });
    return this.#principal;
  }

  /** From now on this is who asks, by what some pages alone look at; `again` finds it out anew, and rejects with Unauthorized. */
  identifyAs(principal: Principal, again: () => Promise<Principal>): void {
    this.#principal = Promise.resolve(principal);
    this.#who = principalName(principal);
    this.#identify = again;
  }

  /** Who asks, where nothing has to be asked for that; null: `principal` finds out. */
  principalNow(): Principal | null {
    const principal = this.#keeper.authenticateNow(this.request);
    if (principal !== null) this.#who = principalName(principal);
    return principal;
  }

  /**
   * Who asks, found out anew each time: for an answer that goes on for minutes, while sessions end and people come and go. To be
   * made before anything is waited for.
   */
  anew(): () => Applicant {
    const { request } = this;
    const arrival = this.arrival();
    return () => {
      let principal: Promise<Principal> | null = null;
      return {
        request,
        arrival: () => arrival,
        principal: () => (principal ??= this.#identify?.() ?? this.#keeper.authenticate(request, arrival)),
        principalNow: () => (this.#identify === null ? this.#keeper.authenticateNow(request) : null),
      };
    };
  }

  /** Lets this request be silent for minutes: without this, a connection that is silent for a minute is closed. */
  allowSlowTransfer(): void {
    this.#listener.timeout(this.request, SLOW_TRANSFER_SECONDS);
  }

  /**
   * The same stream, to be sent as the answer's body: what really goes out of it is counted, and told at its end. A client waits
   * as long as the stream does, be it for the end of a large layer that is on its way.
   */
  streamed(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
    this.isStreamed = true;
    const end = (how: StreamEnd) => this.#keeper.streamEnded(this, how);
    const passed = (bytes: number) => {
      this.record.bytesStreamed = bytes;
    };
    return watchStream(body, end, () => this.allowSlowTransfer(), passed);
  }

  /** Notes that the request's body begins to be read. */
  noteReceiving(): void {
    this.#keeper.receiving(this);
  }

  /** Notes a fault of larder's own when the answer has begun; before that, throw it. */
  noteFault(fault: unknown): void {
    this.#keeper.noteFault(this, fault);
  }
}

/** Who asks, as events tell of it. */
export type Asker = Pick<Exchange, "who" | "from" | "requestId"> & { facts?(): ReturnType<Exchange["facts"]> };
