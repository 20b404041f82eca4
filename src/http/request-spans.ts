import { clientAddress } from "../access/proxy-headers.ts";
import type { IpNetwork } from "../lib/net/ip-network.ts";
import { nameOf } from "../oci/repository.ts";
import { RegistryError } from "../oci/registry-error.ts";
import type { Span } from "../telemetry/traces/span.ts";
import type { Tracer } from "../telemetry/traces/tracer.ts";
import type { Exchange } from "./exchange.ts";
import type { RequestObserver } from "./request-observer.ts";

/** Asked for all day long by machines; a trace of one says nothing. */
const UNTRACED: ReadonlySet<string> = new Set(["/healthz", "/readyz", "/metrics"]);
const KNOWN_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS"]);

/** The paths of the distribution API as OpenTelemetry wants a route: with names for what varies. */
const ROUTES: Readonly<Record<string, string>> = {
  base: "/v2/",
  catalog: "/v2/_catalog",
  manifest: "/v2/{name}/manifests/{reference}",
  blob: "/v2/{name}/blobs/{digest}",
  tags: "/v2/{name}/tags/list",
  referrers: "/v2/{name}/referrers/{digest}",
  uploads: "/v2/{name}/blobs/uploads/",
  upload: "/v2/{name}/blobs/uploads/{id}",
};

/**
 * The spans of requests, in the words of OpenTelemetry's conventions for HTTP servers (semantic conventions 1.38) and in larder's
 * own. Neither queries nor headers are told, but the user agent.
 */
export class RequestSpans implements RequestObserver {
  readonly #tracer: Tracer;
  readonly #trustedProxies: () => readonly IpNetwork[];

  constructor(tracer: Tracer, trustedProxies: () => readonly IpNetwork[]) {
    this.#tracer = tracer;
    this.#trustedProxies = trustedProxies;
  }

  /** The span of a request that has just come; null: it is not traced. */
  begin(exchange: Exchange): Span | null {
    if (!this.#tracer.isOn || UNTRACED.has(exchange.path)) return null;
    const span = this.#tracer.begin(exchange.request.headers, exchange.request.method);
    // The address is to be had only while the client is there.
    if (span !== null) exchange.remote();
    return span;
  }

  answered(exchange: Exchange, status: number): void {
    const { span, record, request } = exchange;
    if (span === null) return;
    const route = ROUTES[record.route] ?? (record.route === "other" ? null : record.route);
    const method = KNOWN_METHODS.has(request.method) ? request.method : "_OTHER";
    span.rename(route === null ? (method === "_OTHER" ? "HTTP" : method) : `${method} ${route}`);
    span.set("http.request.method", method);
    if (method === "_OTHER") span.set("http.request.method_original", request.method);
    span.set("http.route", route);
    span.set("http.response.status_code", status);
    // The id of a session is its pusher's alone.
    span.set("url.path", record.route === "upload" ? route : exchange.path);
    span.set("url.scheme", exchange.scheme);
    setServer(span, exchange.host);
    span.set("client.address", clientAddress(request.headers, exchange.remote() ?? "", this.#trustedProxies()));
    span.set("network.peer.address", exchange.remote());
    span.set("user_agent.original", request.headers.get("user-agent"));
    setOwn(span, exchange);
    setOutcome(span, exchange, status);
    span.end();
  }
}

function setServer(span: Span, host: string | null): void {
  const parts = /^(.+?)(?::(\d{1,5}))?$/.exec(host ?? "");
  span.set("server.address", parts?.[1]);
  if (parts?.[2] !== undefined) span.set("server.port", Number(parts[2]));
}

function setOwn(span: Span, { record, requestId, who }: Exchange): void {
  span.set("larder.request_id", requestId);
  span.set("larder.repository", record.repository === null ? null : nameOf(record.repository));
  span.set("larder.reference", record.reference);
  span.set("larder.source", record.source);
  span.set("larder.upstream", record.upstream);
  span.set("user.name", who);
  span.set("http.response.body.size", record.bytesOut);
  span.set("http.request.body.size", record.bytesIn);
  if (span.trace.leftOut > 0) span.set("larder.spans_left_out", span.trace.leftOut);
}

/** A client's mistakes are no failures of a server; what broke off after it had begun is. */
function setOutcome(span: Span, { record }: Exchange, status: number): void {
  const { fault, hasLeft } = record;
  if (hasLeft) span.set("larder.client_left", true);
  if (fault === null) return;
  const code = fault instanceof RegistryError ? fault.code : null;
  span.set("larder.error_code", code);
  const message = fault instanceof Error ? fault.message : "it failed";
  const isOwn = status >= 500 || (status < 400 && !hasLeft);
  if (isOwn) span.fail(code ?? String(status), message);
  else span.note("refused", { message });
}
