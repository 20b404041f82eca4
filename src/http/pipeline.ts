import { clientOrigin } from "../access/client-origin.ts";
import type { Arrival, Authenticator, Principal } from "../access/principal.ts";
import { clientAddress } from "../access/proxy-headers.ts";
import { quoteBriefly } from "../oci/digest.ts";
import { RegistryError } from "../oci/registry-error.ts";
import type { Log } from "../telemetry/log.ts";
import { within } from "../telemetry/traces/current-span.ts";
import type { Listener } from "./arrival-of.ts";
import { type Asking, challengeOf } from "./challenge.ts";
import { addBrowserHeaders } from "./browser-headers.ts";
import { errorResponse } from "./error-response.ts";
import { Exchange, type ExchangeKeeper } from "./exchange.ts";
import type { Pages } from "./pages.ts";
import { REQUEST_ID_HEADER, type RequestIds } from "./request-id.ts";
import type { RequestObserver } from "./request-observer.ts";
import type { RequestSpans } from "./request-spans.ts";
import type { StreamEnd } from "./watch-stream.ts";

/** nginx's status for a client that has left: nobody sees it. */
const CLIENT_LEFT = 499;

/** The pages, the authenticator and the observers that a pipeline connects. */
export type PipelineParts = {
  /** The first that know a request answer it. */
  readonly pages: readonly Pages[];
  readonly authenticator: Authenticator;
  readonly observers: readonly RequestObserver[];
  /** Begins the spans of requests, and is one of the observers; null: none are traced. */
  readonly spans: Pick<RequestSpans, "begin"> | null;
  readonly requestIds: RequestIds;
  /** What clients are asked for, and where; at each answer. */
  readonly asking: () => Asking;
  /** What every answer carries besides, at each answer. */
  readonly headers: () => readonly (readonly [name: string, value: string])[];
  readonly log: Log;
  /** Milliseconds, monotonic. */
  readonly elapsed: () => number;
};

/**
 * Takes every request to its answer: gives it an id, finds the pages that answer it, turns a fault into an answer (one
 * of larder's own is logged as well), and tells the observers. It is one function, not a chain of them: most requests
 * are answered in less time than a chain takes.
 */
export class Pipeline implements ExchangeKeeper {
  readonly elapsed: () => number;
  readonly #parts: PipelineParts;
  /** Streamed answers on their way, with the status that they began with. */
  readonly #streaming = new Map<Exchange, number>();

  constructor(parts: PipelineParts) {
    this.#parts = parts;
    this.elapsed = parts.elapsed;
  }

  /** Answers a request, at once where its pages do; never throws, and never rejects. */
  handle(request: Request, listener: Listener): Promise<Response> | Response {
    const exchange = new Exchange(request, listener, this);
    for (const { asksForClient } of this.#parts.observers) if (asksForClient === true) exchange.remote();
    const span = this.#parts.spans?.begin(exchange) ?? null;
    if (span === null) return this.#handle(exchange);
    exchange.span = span;
    return within(span, () => this.#handle(exchange));
  }

  #handle(exchange: Exchange): Promise<Response> | Response {
    let pages: Pages | null = null;
    try {
      // Whoever reads the first of several and whoever reads the last would not agree on what was asked, and may be.
      if (exchange.host?.includes(",") === true) throw severalHosts(exchange.host);
      let answer: Promise<Response> | Response | null = null;
      for (pages of this.#parts.pages) {
        answer = pages.answer(exchange);
        if (answer !== null) break;
      }
      if (answer === null) {
        pages = null;
        throw nothingAt(exchange.path);
      }
      return answer instanceof Promise ? this.#wait(answer, exchange, pages) : this.#finish(exchange, answer);
    } catch (fault) {
      return this.#finish(exchange, this.#explain(fault, exchange, pages));
    }
  }

  async #wait(answer: Promise<Response>, exchange: Exchange, pages: Pages | null): Promise<Response> {
    let response: Response;
    try {
      response = await answer;
    } catch (fault) {
      response = this.#explain(fault, exchange, pages);
    }
    return this.#finish(exchange, response);
  }

  #finish(exchange: Exchange, response: Response): Response {
    response.headers.set(REQUEST_ID_HEADER, exchange.requestId);
    addBrowserHeaders(response);
    for (const [name, value] of this.#parts.headers()) response.headers.set(name, value);
    if (exchange.setCookie !== null) addCookie(exchange, exchange.setCookie, response);
    if (exchange.isStreamed && response.body !== null) {
      this.#streaming.set(exchange, response.status);
      for (const observer of this.#parts.observers) observer.streams?.(exchange, response.status);
    } else this.#observe(exchange, response.status);
    return response;
  }

  authenticate(request: Request, arrival: Arrival): Promise<Principal> {
    return this.#parts.authenticator.authenticate(request, arrival);
  }

  authenticateNow(request: Request): Principal | null {
    return this.#parts.authenticator.authenticateNow?.(request) ?? null;
  }

  identify(request: Request): string {
    return this.#parts.requestIds.of(request);
  }

  clientAt(remote: string, { request }: Exchange): string {
    return clientAddress(request.headers, remote, this.#parts.asking().trustedProxies);
  }

  originOf(exchange: Exchange): string | null {
    return clientOrigin(exchange.request.headers, exchange.arrival(), this.#parts.asking().trustedProxies);
  }

  receiving(exchange: Exchange): void {
    for (const observer of this.#parts.observers) observer.receives?.(exchange);
  }

  streamEnded(exchange: Exchange, { bytes, outcome, error }: StreamEnd): void {
    const { record } = exchange;
    record.bytesOut = bytes;
    if (outcome === "left") record.hasLeft = true;
    if (outcome === "failed") record.fault = error;
    const status = this.#streaming.get(exchange);
    // One that ends before its answer has begun is told of then.
    if (status === undefined) exchange.isStreamed = false;
    else if (this.#streaming.delete(exchange)) this.#observe(exchange, status);
  }

  noteFault(exchange: Exchange, fault: unknown): void {
    exchange.record.fault = fault;
    const { method } = exchange.request;
    const { path, requestId } = exchange;
    this.#parts.log.write("error", "a request failed", { method, path, error: describe(fault), requestId });
  }

  #explain(fault: unknown, exchange: Exchange, pages: Pages | null): Response {
    const { record, request } = exchange;
    record.hasLeft = request.signal.aborted;
    // Work that ended because its client has left: nobody sees the answer, and it is nobody's fault.
    if (record.hasLeft && isAbort(fault, request.signal)) return new Response(null, { status: CLIENT_LEFT });
    record.fault = fault;
    const response = pages?.explain?.(fault, exchange) ?? errorResponse(fault);
    if (response.status === 401) {
      const asked = pages?.scopeOf?.(exchange) ?? null;
      response.headers.set("WWW-Authenticate", challengeOf(exchange, fault, asked, this.#parts.asking()));
    }
    if (response.status === 500) this.noteFault(exchange, fault);
    return response;
  }

  #observe(exchange: Exchange, status: number): void {
    const tookMs = this.#parts.elapsed() - exchange.startedMs;
    for (const observer of this.#parts.observers) {
      try {
        observer.answered(exchange, status, tookMs);
      } catch (fault) {
        // The answer is there: it must not be lost for what is told of it.
        this.#parts.log.write("error", "a request could not be told of", { error: describe(fault) });
      }
    }
  }
}

/** A page cannot see its cookie, and is told in another header that it was of a session that is over. */
function addCookie({ hadSession }: Exchange, cookie: string, { headers }: Response): void {
  headers.append("Set-Cookie", cookie);
  if (hadSession) headers.set("X-Larder-Session", "ended");
}

function nothingAt(path: string): RegistryError {
  return new RegistryError("NAME_UNKNOWN", `there is nothing at ${quoteBriefly(path)}; images are under /v2/`);
}

/** Source: RFC 9112, section 3.2. */
function severalHosts(host: string): RegistryError {
  return new RegistryError("BAD_REQUEST", `the request names more than one host: ${quoteBriefly(host)}`);
}

function isAbort(fault: unknown, signal: AbortSignal): boolean {
  return fault === signal.reason || (fault instanceof Error && fault.name === "AbortError");
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
