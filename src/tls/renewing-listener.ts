/**
 * A TLS listener whose certificate changes while it serves.
 *
 * Bun.serve keeps the certificate that it was started with. So a second one is started on the same port, new connections
 * go to that, and the first goes on with those that it has: a download in flight finishes, and a connection kept alive is
 * told to close with its next answer. The first is stopped when it has had nothing to do for longer than its clients may
 * keep a connection idle. Nobody sees a refused or a broken connection.
 */
import type { CertificateLog, CertificateSource } from "./certificate-source.ts";
import { limitsOfServe, type TlsLimits } from "./tls-limits.ts";
import { findListeningSockets, steerToSecondSocket } from "./steer-connections.ts";

type Fetch = (request: Request, server: Bun.Server<undefined>) => Response | Promise<Response>;

/** What Bun.serve takes, but for what this listener sets itself. */
type ListenerOptions = {
  readonly hostname: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Seconds, as Bun.serve takes them; 0: never. Below 5, Bun 1.4.5 cuts answers that are being sent after 4 s. */
  readonly idleTimeout: number;
  readonly fetch: Fetch;
  readonly error?: (error: Bun.ErrorLike) => Response | Promise<Response>;
  readonly maxRequestBodySize?: number;
  readonly ipv6Only?: boolean;
};

/** What listens, with whose certificate. */
export type RenewingListenerOptions = {
  readonly listener: ListenerOptions;
  readonly source: CertificateSource;
  readonly limits?: TlsLimits;
  readonly log: CertificateLog;
};

/** A listener that is up. */
export type RenewingListener = {
  readonly port: number;
  /** The server that takes new connections. Another one after each change of the certificate. */
  current(): Bun.Server<undefined>;
  /** Ends all, old ones included: at once when `abrupt`, else after the requests in flight. */
  stop(abrupt: boolean): Promise<void>;
};

type Retired = { readonly server: Bun.Server<undefined>; readonly stopWaiting: () => void };

const LOOK_MS = 250;
/** What Bun allows at most: the idle time to assume where there is no limit. */
const LONGEST_IDLE_SECONDS = 255;
/** A client on a slow line gets a day to finish. The old certificate is still valid then. */
const LONGEST_RETIREMENT_MS = 24 * 60 * 60 * 1000;

/** Starts to listen. Throws what Bun.serve throws when the address is taken or forbidden. */
export function startRenewingListener({ listener, source, limits, log }: RenewingListenerOptions): RenewingListener {
  refuseTakenPort(listener);
  let current = serve(listener, listener.port, source, limits);
  const port = current.port ?? listener.port;
  let retired: Retired | null = null;

  const unsubscribe = source.onChange(() => {
    // The kernel numbers the sockets in order; with two of them, the new one is known to be the second.
    void retired?.server.stop();
    retired?.stopWaiting();
    const before = findListeningSockets(port);
    const old = current;
    try {
      current = serve(listener, port, source, limits);
    } catch (error) {
      log.warn("cannot listen with the new certificate; the old one stays", { port, error: String(error) });
      return;
    }
    const [added] = [...findListeningSockets(port)].filter((socket) => !before.has(socket));
    const isSteered = added !== undefined && steerToSecondSocket(added);
    log.info("listening with a new certificate", { port, isSteered });
    retired = retire(old, listener);
  });

  return {
    port,
    current: () => current,
    async stop(abrupt) {
      unsubscribe();
      retired?.stopWaiting();
      await Promise.all([retired?.server.stop(abrupt), current.stop(abrupt)]);
    },
  };
}

function serve(
  listener: ListenerOptions,
  port: number,
  source: CertificateSource,
  limits: TlsLimits | undefined,
): Bun.Server<undefined> {
  const { certPem, keyPem } = source.current();
  const tls = { cert: certPem, key: keyPem, ...(limits && limitsOfServe(limits)) };
  const options: Bun.Serve.Options<undefined> = { ...listener, port, reusePort: true, tls };
  return Bun.serve(options);
}

/** Ports are shared here, so a second larder would get half of the connections instead of an error. */
function refuseTakenPort({ hostname, port, ipv6Only }: ListenerOptions): void {
  if (port === 0) return;
  const options: Bun.Serve.Options<undefined> = {
    hostname,
    port,
    ipv6Only: ipv6Only ?? false,
    // Unless told so, Bun shares ports, even with programs that were there before.
    reusePort: false,
    fetch: nobodyAsks,
  };
  void Bun.serve(options).stop(true);
}

/** Lets `server` run dry, then stops it. */
function retire(server: Bun.Server<undefined>, listener: ListenerOptions): Retired {
  const fetch: Fetch = async (request, server) => closing(await listener.fetch(request, server));
  server.reload({ ...listener, fetch });
  const quietMilliseconds = ((listener.idleTimeout || LONGEST_IDLE_SECONDS) + 1) * 1000;
  const startedAt = performance.now();
  let busyAt = startedAt;
  const timer = setInterval(() => {
    const now = performance.now();
    if (server.pendingRequests > 0) busyAt = now;
    if (now - busyAt < quietMilliseconds && now - startedAt < LONGEST_RETIREMENT_MS) return;
    clearInterval(timer);
    void server.stop();
  }, LOOK_MS);
  timer.unref();
  return { server, stopWaiting: () => clearInterval(timer) };
}

/** Tells the client to open its next connection anew, to the server with the new certificate. */
function closing(response: Response): Response {
  response.headers.set("connection", "close");
  return response;
}

function nobodyAsks(): Response {
  return new Response(null, { status: 503 });
}
