import { isIP } from "node:net";
import { getCACertificates } from "node:tls";
import { type AddressPolicy, hostOf, portOf } from "./address-policy.ts";
import { Deadline } from "./deadline.ts";
import type { HostResolver } from "./host-resolver.ts";
import { orAborted } from "../../lib/async/or-aborted.ts";
import type { ProxyFinder } from "./proxy-finder.ts";
import type { ReachableAddresses } from "./reachable-addresses.ts";
import type { Lane, RequestLanes } from "./request-lanes.ts";
import { watchBody } from "./response-body.ts";
import { type SendingHooks, SourceFailure, UploadedBody } from "./uploaded-body.ts";
import { UpstreamError } from "./upstream-error.ts";
import { type ClientCertificate, whyNotValid } from "./client-certificate.ts";
import { beginSpan, failSpan, within } from "../../telemetry/traces/current-span.ts";
import type { Span } from "../../telemetry/traces/span.ts";
import { formatTraceParent } from "../../telemetry/traces/trace-context.ts";
import { codeOf } from "../../lib/files/system-error.ts";
import { describeFailure, isCertificateCode } from "../../lib/failures/describe-failure.ts";
import { formatHostPort } from "../../lib/net/host-port.ts";

/** Methods that registries know. */
export type HttpMethod = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";

/** The content of a request, as often as it is needed. `sizeBytes` null: sent in chunked encoding. */
export type RequestBody = {
  readonly sizeBytes: number | null;
  open(): Promise<ReadableStream<Uint8Array> | Uint8Array>;
};

/** A request to be sent. */
export type HttpRequest = {
  readonly method: HttpMethod;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: RequestBody;
  readonly signal?: AbortSignal | undefined;
  /** Until the header of the answer is there, in milliseconds; the transport's own limit unless said. */
  readonly headerTimeoutMs?: number;
  /** `questions` unless said. */
  readonly lane?: Lane;
};

/** `body` is null when the answer has none; otherwise it must be read to its end or cancelled. */
export type HttpResponse = {
  readonly status: number;
  readonly headers: Headers;
  /** Where the answer came from. */
  readonly url: URL;
  readonly body: ReadableStream<Uint8Array> | null;
};

/** How the servers of a registry, and those that they lead to, and larder show each other who they are. */
type ServerTrust = {
  /** The registry's own host, without its port. */
  readonly host: string;
  /** Trusted besides the public authorities, at all hosts; null: those alone. */
  readonly caPem: string | null;
  /** Take any certificate from the own host: whoever is on the way can be the registry then. Others have to show a good one. */
  readonly isUnverified: boolean;
  /** Shown to the own host alone; null: none. */
  readonly clientCertificate: ClientCertificate | null;
  /** Is the own host told which trace a request belongs to? Others never are. */
  readonly passesTraceOn?: boolean;
};

/** What sending requests needs. */
export type TransportOptions = {
  readonly lanes: Pick<RequestLanes, "enter">;
  readonly resolver: HostResolver;
  readonly addresses: ReachableAddresses;
  readonly policy: Pick<AddressPolicy, "check">;
  readonly proxies: ProxyFinder;
  readonly trust: ServerTrust;
  readonly connectTimeoutMs: number;
  readonly headerTimeoutMs: number;
  readonly idleTimeoutMs: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

/**
 * Sends one request over one connection and hands back the answer as it is: no redirect is followed, nothing is
 * decompressed, no status is an error.
 *
 * The name is resolved here and the connection made to an address that the policy has seen, with the name in `Host` and
 * in TLS, so that a name that changes its address in between gains nothing. Behind a proxy the proxy resolves names. The deadline for the header runs anew with
 * each piece of a request's body that is sent.
 */
export class Transport {
  readonly #options: TransportOptions;
  readonly #authorities: string[] | null;

  constructor(options: TransportOptions) {
    this.#options = options;
    const { caPem } = options.trust;
    this.#authorities = caPem === null ? null : [...getCACertificates("default"), caPem];
  }

  /** Throws an `UpstreamError`, or the reason of the request's signal. Where work is traced, it is a span until its body ends. */
  exchange(request: HttpRequest): Promise<HttpResponse> {
    const span = beginSpan(request.method, "client");
    return span === null ? this.#exchange(request, null) : within(span, () => this.#traced(request, span));
  }

  async #traced(request: HttpRequest, span: Span): Promise<HttpResponse> {
    const { url, method } = request;
    span.set("http.request.method", method);
    // Without the query: it may hold a signature.
    span.set("url.full", url.origin + url.pathname);
    span.set("server.address", hostOf(url));
    span.set("server.port", portOf(url));
    try {
      const response = await this.#exchange(request, span);
      if (response.body === null) span.end();
      return response;
    } catch (error) {
      failSpan(span, error);
      span.end();
      throw error;
    }
  }

  async #exchange(request: HttpRequest, span: Span | null): Promise<HttpResponse> {
    const what = describeRequest(request.method, request.url);
    const { idleTimeoutMs } = this.#options;
    const headerTimeoutMs = request.headerTimeoutMs ?? this.#options.headerTimeoutMs;
    const leave = await this.#options.lanes.enter(request.lane ?? "questions", request.signal);
    span?.note("sent");
    // Once there is an answer, its body's end is the span's.
    let isAnswered = false;
    const over = (): void => {
      leave();
      if (isAnswered) span?.end();
    };
    const deadline = new Deadline(request.signal, over);
    const awaitHeader = (): void =>
      deadline.start(headerTimeoutMs, () => {
        const message = `${what} was not answered within ${headerTimeoutMs} ms`;
        return new UpstreamError({ kind: "timeout", waiting: "header" }, message);
      });
    awaitHeader();
    // While a body's source is read, the server has nothing to answer to.
    const sending = { onReading: () => deadline.pause(), onSending: awaitHeader };
    try {
      const response = await this.#connectAndSend(this.#withTrace(request, span), deadline.signal, sending);
      deadline.pause();
      // Nobody would read what there is not.
      const isEmpty = response.body === null || request.method === "HEAD";
      const body = isEmpty ? null : watchBody(response.body, { what, deadline, idleTimeoutMs });
      isAnswered = true;
      noteStatus(span, response.status);
      if (body === null) deadline.close();
      return { status: response.status, headers: response.headers, url: request.url, body };
    } catch (cause) {
      deadline.close();
      if (deadline.signal.aborted) throw deadline.signal.reason;
      throw cause;
    }
  }

  #withTrace(request: HttpRequest, span: Span | null): HttpRequest {
    const { host, passesTraceOn } = this.#options.trust;
    if (span === null || passesTraceOn !== true || hostOf(request.url) !== host) return request;
    const { traceId, state } = span.trace;
    const tracestate = state === "" ? {} : { tracestate: state };
    const headers = { ...request.headers, traceparent: formatTraceParent(traceId, span.spanId), ...tracestate };
    return { ...request, headers };
  }

  async #connectAndSend(request: HttpRequest, signal: AbortSignal, sending: SendingHooks): Promise<Response> {
    const { url } = request;
    const host = hostOf(url);
    const port = portOf(url);
    const proxy = await this.#options.proxies.find(url, signal);
    if (proxy !== null && isIP(host) !== 0) this.#options.policy.check(url, host);
    const targets = proxy === null ? await this.#addressesOf(url, host, port, signal) : [host];
    for (const [index, target] of targets.entries()) {
      try {
        return await this.#sendWatched(request, target, proxy, signal, sending);
      } catch (cause) {
        signal.throwIfAborted();
        if (cause instanceof SourceFailure) throw cause.cause;
        this.#options.addresses.forget(host, port);
        if (index === targets.length - 1 || !mayTryNext(request, cause))
          throw this.#unreachable(request, proxy === null ? target : "the proxy", cause);
      }
    }
    throw new UpstreamError({ kind: "unreachable", reason: "name" }, `no address for ${JSON.stringify(host)}`);
  }

  /** Sends, and gives up when no header comes and nothing answers at the address any more. */
  async #sendWatched(
    request: HttpRequest,
    target: string,
    proxy: string | null,
    signal: AbortSignal,
    sending: SendingHooks,
  ): Promise<Response> {
    const { addresses, connectTimeoutMs } = this.#options;
    const [host, port] = [hostOf(request.url), portOf(request.url)];
    const via =
      proxy === null ? { address: target, port } : { address: hostOf(new URL(proxy)), port: portOf(new URL(proxy)) };
    const attempt = new AbortController();
    const leisureMs = connectTimeoutMs * LEISURE;
    const look = async (): Promise<void> => {
      const isAlive = await addresses.isAlive(via.address, via.port, connectTimeoutMs - leisureMs);
      if (!isAlive) attempt.abort(addresses.noteSilence(host, port));
    };
    const timer = setTimeout(() => void look(), leisureMs);
    try {
      return await this.#send(request, target, proxy, AbortSignal.any([signal, attempt.signal]), sending);
    } catch (cause) {
      throw attempt.signal.aborted && !signal.aborted ? attempt.signal.reason : cause;
    } finally {
      clearTimeout(timer);
    }
  }

  async #addressesOf(url: URL, host: string, port: number, signal: AbortSignal): Promise<readonly string[]> {
    const { resolver, policy, addresses } = this.#options;
    const resolved = await orAborted(resolver.resolve(host, signal), signal);
    for (const address of resolved) policy.check(url, address);
    return addresses.order(host, port, resolved, signal);
  }

  async #send(
    request: HttpRequest,
    target: string,
    proxy: string | null,
    signal: AbortSignal,
    sending: SendingHooks,
  ): Promise<Response> {
    const { method, url, body } = request;
    const address = new URL(url);
    address.hostname = formatHostPort(target, null);
    const headers: Record<string, string> = { ...request.headers, host: url.host };
    const content = body === undefined ? null : await body.open();
    const source = content instanceof ReadableStream ? new UploadedBody(content, sending) : null;
    if (body !== undefined && body.sizeBytes !== null) headers["content-length"] = String(body.sizeBytes);
    const answer = fetch(address.href, {
      method,
      headers,
      body: source?.stream ?? (content as Uint8Array | null),
      signal,
      redirect: "manual",
      decompress: false,
      // A kept connection may have been closed at the other end, which costs one failure; what must not be sent twice
      // gets a connection of its own.
      keepalive: method === "GET" || method === "HEAD",
      timeout: false,
      // Bun goes through the environment's proxy unless it is told not to.
      proxy: (proxy ?? false) as string,
      ...(url.protocol === "https:" ? { tls: this.#tls(url) } : {}),
    });
    return answer.catch((cause) => {
      throw source?.failure ?? cause;
    });
  }

  /** The runtime keeps no connection for a request that says other things here than the one that it was made for. */
  #tls(url: URL): TlsOptions {
    const host = hostOf(url);
    const { trust } = this.#options;
    const certificate = this.#shownTo(url);
    return {
      ...(isIP(host) === 0 ? { serverName: host } : {}),
      ...(this.#authorities === null ? {} : { ca: this.#authorities }),
      ...(trust.isUnverified && host === trust.host ? { rejectUnauthorized: false } : {}),
      ...(certificate === null ? {} : { cert: certificate.certPem, key: certificate.keyPem }),
    };
  }

  #shownTo(url: URL): ClientCertificate | null {
    const { host, clientCertificate } = this.#options.trust;
    return url.protocol === "https:" && hostOf(url) === host ? clientCertificate : null;
  }

  #unreachable(request: HttpRequest, place: string, cause: unknown): UpstreamError {
    if (cause instanceof UpstreamError) return cause;
    const certificate = this.#shownTo(request.url);
    const problem = certificate === null ? null : whyNotValid(certificate, this.#options.now());
    const shown = certificate === null ? null : `larder showed the client certificate in ${certificate.source}`;
    return unreachable(request, place, cause, problem ?? shown);
  }
}

function noteStatus(span: Span | null, status: number): void {
  span?.note("answered");
  span?.set("http.response.status_code", status);
  if (status >= 400) span?.set("error.type", String(status));
}

type TlsOptions = {
  serverName?: string;
  ca?: string[];
  rejectUnauthorized?: boolean;
  cert?: string;
  key?: string;
};

/** `GET https://registry.example/v2/…`: what is asked of whom, without the query, which may hold a signature. */
export function describeRequest(method: string, url: URL): string {
  return `${method} ${url.origin}${url.pathname}`;
}

function nameOf(cause: unknown): string {
  return cause instanceof Error ? codeOf(cause) || cause.name : String(cause);
}

/** The part of the time for a connection that passes before it is asked whether there is one. */
const LEISURE = 1 / 3;

function neverConnected(cause: unknown): boolean {
  return /^(?:ECONNREFUSED|ENETUNREACH|EHOSTUNREACH|EADDRNOTAVAIL|ETIMEDOUT|FailedToOpenSocket)$/.test(nameOf(cause));
}

/** What may have arrived is sent to another address only when it may be repeated. */
function mayTryNext({ method }: HttpRequest, cause: unknown): boolean {
  return neverConnected(cause) || (cause instanceof UpstreamError && (method === "GET" || method === "HEAD"));
}

/** `certificate` is what is to be said of the client certificate, null when none was shown. */
function unreachable(request: HttpRequest, place: string, cause: unknown, certificate: string | null): UpstreamError {
  const code = nameOf(cause);
  const reason =
    /^(?:EPROTO|ERR_TLS|ERR_SSL)/.test(code) || isCertificateCode(code)
      ? "tls"
      : neverConnected(cause)
        ? "refused"
        : "connection";
  const advice =
    reason === "tls"
      ? "; a registry with a private certificate needs its authority's file, one without TLS an http:// endpoint"
      : "";
  // A server that does not like it mostly just closes the connection.
  const hint = certificate === null || reason === "refused" ? "" : `; ${certificate}`;
  // No `cause`: the runtime's message quotes the URL with its query.
  return new UpstreamError(
    { kind: "unreachable", reason },
    `${describeRequest(request.method, request.url)} failed at ${place}: ${describeFailure(cause)}${advice}${hint}`,
  );
}
