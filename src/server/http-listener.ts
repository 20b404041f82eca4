import { networkInterfaces } from "node:os";
import { isIP } from "node:net";
import { formatListenAddress, type ListenAddress } from "./listen-address.ts";

/** Answers a request; `server` knows the connection. */
export type RequestHandler = (request: Request, server: Bun.Server<undefined>) => Response | Promise<Response>;

/** A connection that says nothing for so long is closed, in seconds: slowloris must not hold it. Clients reconnect. */
const IDLE_SECONDS = 60;

/** An address that larder cannot listen on. The message says why and what to do. */
export class ListenError extends Error {
  override readonly name = "ListenError";
}

/** A listening socket with its server. */
export class HttpListener {
  readonly #server: Bun.Server<undefined>;
  readonly #address: ListenAddress;

  /** Listens at once. Throws ListenError. */
  constructor(address: ListenAddress, handle: RequestHandler, onFault: (error: unknown) => void) {
    this.#address = address;
    this.#server = serve(address, handle, onFault);
  }

  /** URLs that lead here: for every address of the machine those of its interfaces, loopback first. */
  urls(): readonly string[] {
    const port = this.#server.port ?? this.#address.port;
    const hosts = this.#address.host === null ? machineHosts() : [bracketed(this.#address.host)];
    return hosts.map((host) => (port === 80 ? `http://${host}` : `http://${host}:${port}`));
  }

  /** Requests that are being answered. */
  get openRequests(): number {
    return this.#server.pendingRequests;
  }

  /** Takes no more connections; those that are open go on. */
  stopListening(): void {
    void this.#server.stop(false);
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    await this.#server.stop(true);
  }
}

function serve(address: ListenAddress, handle: RequestHandler, onFault: (error: unknown) => void) {
  const options = {
    port: address.port,
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
  const hostnames = address.host === null ? ["::", "0.0.0.0"] : [address.host];
  let failure: unknown;
  for (const hostname of hostnames) {
    try {
      return Bun.serve({ ...options, hostname });
    } catch (error) {
      // A machine without IPv6 cannot listen on "::"; then IPv4 is all there is.
      failure = error;
      if (codeOf(error) === "EADDRINUSE" || codeOf(error) === "EACCES") break;
    }
  }
  throw new ListenError(explain(address, failure), { cause: failure });
}

function explain(address: ListenAddress, error: unknown): string {
  const where = formatListenAddress(address);
  switch (codeOf(error)) {
    case "EADDRINUSE":
      return `cannot listen on ${where}: another program does (see it with: ss -ltnp 'sport = :${address.port}'); stop it, or choose another port with --http`;
    case "EACCES":
      return `cannot listen on ${where}: ports below 1024 are root's; run larder as root, give it CAP_NET_BIND_SERVICE, or choose another port with --http`;
    case "EADDRNOTAVAIL":
      return `cannot listen on ${where}: this machine has no such address (see its addresses with: ip address)`;
    default:
      return `cannot listen on ${where}: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

function machineHosts(): readonly string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const outward = addresses.filter(({ internal, address }) => !internal && !address.startsWith("fe80:"));
  return ["localhost", ...outward.map(({ address }) => bracketed(address))];
}

function bracketed(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}
