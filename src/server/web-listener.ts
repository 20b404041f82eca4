/** The sockets that requests come in on: plain HTTP, and HTTPS whose certificate changes while it serves. */
import http from "node:http";
import type { Listener } from "../http/arrival-of.ts";
import type { CertificateLog, CertificateSource } from "../tls/certificate-source.ts";
import type { ClientAuthoritySource } from "../tls/client-authorities.ts";
import { startIdentifyingListener } from "../tls/identifying-listener.ts";
import type { TlsLimits } from "../tls/tls-limits.ts";
import { startRenewingListener } from "../tls/renewing-listener.ts";
import type { ListenAddress } from "./settings/listen-address.ts";
import { explainListenFailure } from "./listen-error.ts";
import { codeOf } from "../lib/files/system-error.ts";
import { DEFAULT_PORT, formatHostPort } from "../lib/net/host-port.ts";
import { interfaceAddresses } from "../lib/net/machine-addresses.ts";

/** Answers a request; `listener` knows the connection. */
export type RequestHandler = (request: Request, listener: Listener) => Promise<Response> | Response;

/** A listening socket with its server. */
export type WebListener = {
  readonly scheme: "http" | "https";
  /** The address that it listens on, null for all of this machine's. */
  readonly host: string | null;
  readonly port: number;
  /** Requests that are being answered. */
  openRequests(): number;
  /** Takes no more connections; those that are open go on. Resolves when all requests have been answered. */
  stopListening(): Promise<void>;
  /** Ends all connections. */
  close(): Promise<void>;
};

/** Options of a listener. */
export type WebListenerOptions = {
  readonly address: ListenAddress;
  readonly handle: RequestHandler;
  readonly onFault: (error: unknown) => void;
};

/** A connection that says nothing for so long is closed, in seconds: slowloris must not hold it. Clients reconnect. */
const IDLE_SECONDS = 60;

/**
 * The lines before a request's body, in bytes; with more, the answer is 431. The runtime's own limit of 16 KiB is less than the
 * `Range` of a partial pull, which names up to 1024 ranges of a large layer (containers/storage).
 */
const HEAD_LIMIT_BYTES = 64 * 1024;

/** Sets the limit that all listeners of the process share. */
function limitHeads(): void {
  (http as { maxHeaderSize: number }).maxHeaderSize = HEAD_LIMIT_BYTES;
}

/** Listens for plain HTTP. Throws ListenError. */
export async function listenHttp(options: WebListenerOptions): Promise<WebListener> {
  const { address } = options;
  limitHeads();
  const serve = (hostname: string) =>
    Bun.serve({ ...serverOptions(options), hostname, port: address.port, reusePort: false });
  const server = await listen(address, "--http", serve);
  return {
    scheme: "http",
    host: address.host,
    port: server.port ?? address.port,
    openRequests: () => server.pendingRequests,
    stopListening: () => server.stop(false),
    close: () => server.stop(true),
  };
}

/** Listens for HTTPS with whatever certificate `source` has. Throws ListenError. */
export async function listenHttps(
  options: WebListenerOptions & {
    readonly source: CertificateSource;
    readonly limits: TlsLimits;
    readonly log: CertificateLog;
  },
): Promise<WebListener> {
  const { address, source, limits, log } = options;
  limitHeads();
  const serve = (hostname: string) =>
    startRenewingListener({
      listener: { ...serverOptions(options), hostname, port: address.port },
      source,
      limits,
      log,
    });
  const listener = await listen(address, "--https", serve);
  return {
    scheme: "https",
    host: address.host,
    port: listener.port,
    openRequests: () => listener.current().pendingRequests,
    stopListening: () => listener.stop(false),
    close: () => listener.stop(true),
  };
}

/** What asking clients for certificates takes; see `startIdentifyingListener`. */
export type ClientIdentification = {
  readonly authorities: ClientAuthoritySource;
  readonly isRequired: boolean;
  readonly folder: string;
};

/** Listens for HTTPS, and asks clients for a certificate. Throws ListenError. */
export async function listenIdentifying(
  options: WebListenerOptions & {
    readonly source: CertificateSource;
    readonly limits: TlsLimits;
    readonly log: CertificateLog;
  } & ClientIdentification,
): Promise<WebListener> {
  const { address, source, limits, log, authorities, isRequired, folder } = options;
  limitHeads();
  const start = (hostname: string) => {
    const listener = { ...serverOptions(options), hostname, port: address.port };
    return startIdentifyingListener({ listener, source, limits, log, authorities, isRequired, folder });
  };
  const listener = await listen(address, "--https", start);
  return {
    scheme: "https",
    host: address.host,
    port: listener.port,
    openRequests: () => listener.openRequests(),
    stopListening: () => listener.stop(false),
    close: () => listener.stop(true),
  };
}

/**
 * The URLs that lead to a listener, `localhost` first: for one on every address of the machine those of all
 * interfaces.
 */
export function urlsOf({ scheme, host, port }: Pick<WebListener, "scheme" | "host" | "port">): readonly string[] {
  const hosts = host === null ? machineHosts() : [host];
  return hosts.map((name) => urlOf(scheme, name, port));
}

function urlOf(scheme: WebListener["scheme"], host: string, port: number): string {
  return `${scheme}://${formatHostPort(host, port === DEFAULT_PORT[scheme] ? null : port)}`;
}

function serverOptions({ handle, onFault }: WebListenerOptions) {
  return {
    idleTimeout: IDLE_SECONDS,
    // Blobs have no limit but the disk; what is read into memory is bounded where it is read.
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    development: false,
    fetch: handle,
    error(error: Error) {
      onFault(error);
      return new Response(null, { status: 500 });
    },
  } as const;
}

async function listen<Server>(
  address: ListenAddress,
  flag: "--http" | "--https",
  serve: (hostname: string) => Server | Promise<Server>,
): Promise<Server> {
  const hostnames = address.host === null ? ["::", "0.0.0.0"] : [address.host];
  let failure: unknown;
  for (const hostname of hostnames) {
    try {
      return await serve(hostname);
    } catch (error) {
      // A machine without IPv6 cannot listen on "::"; then IPv4 is all there is.
      failure = error;
      if (codeOf(error) === "EADDRINUSE" || codeOf(error) === "EACCES") break;
    }
  }
  throw await explainListenFailure(address, flag, failure);
}

function machineHosts(): readonly string[] {
  const outward = interfaceAddresses().filter(({ isInternal, address }) => !isInternal && !address.startsWith("fe80:"));
  return ["localhost", ...outward.map(({ address }) => address)];
}
