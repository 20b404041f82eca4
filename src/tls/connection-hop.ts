/**
 * Hands one TLS connection on to a server that is made for it alone; see `identifying-listener.ts`.
 *
 * That server lives behind a Unix socket, of which Bun 1.4.5 cannot change the idle time of one request: so silence is watched
 * here, from outside.
 */
import { unlink } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { type PresentedCertificate, readPresentedCertificate } from "./presented-certificate.ts";

/** What is known of a connection, as Bun's servers tell it, and which certificate its client showed. */
export type IdentifiedConnection = Pick<
  Bun.Server<undefined>,
  "requestIP" | "timeout" | "hostname" | "port" | "protocol"
> & {
  readonly certificate: PresentedCertificate | null;
};

/** What a hop answers with. */
export type HopOptions = {
  readonly hostname: string;
  readonly port: number;
  /** How long a connection may be silent unless a request says otherwise, in seconds. */
  readonly idleTimeout: number;
  readonly fetch: (request: Request, connection: IdentifiedConnection) => Response | Promise<Response>;
  readonly error?: (error: Bun.ErrorLike) => Response | Promise<Response>;
  readonly maxRequestBodySize?: number;
};

/** When all was answered and the client takes nothing of the rest for so long, it is left. */
const LAST_BYTES_MS = 60_000;

/** One connection with the server that is its own. */
export class ConnectionHop {
  readonly certificate: PresentedCertificate | null;
  readonly #socket: TLSSocket;
  readonly #server: Bun.Server<undefined>;
  #heardAtMs = performance.now();
  #silenceMs: number;
  readonly #hop: Socket;
  readonly #ended: Promise<void>;

  /** `path`: where its socket is to be, for a moment. Throws what Bun.serve throws. */
  constructor(socket: TLSSocket, path: string, options: HopOptions, onClose: (hop: ConnectionHop) => void) {
    this.#socket = socket;
    this.certificate = readPresentedCertificate(socket);
    const usualMs = options.idleTimeout * 1000;
    this.#silenceMs = usualMs;
    const told = this.#describe(options);
    const { error, maxRequestBodySize } = options;
    const given = {
      unix: path,
      idleTimeout: 0,
      development: false,
      fetch: (request: Request) => {
        this.#silenceMs = usualMs;
        return options.fetch(request, told);
      },
      ...(error === undefined ? {} : { error }),
      ...(maxRequestBodySize === undefined ? {} : { maxRequestBodySize }),
    };
    // The types know no idle time for Unix sockets.
    this.#server = Bun.serve(given as unknown as Bun.Serve.Options<undefined>);
    this.#hop = this.#join(path);
    this.#ended = new Promise((resolve) => {
      socket.once("close", () => {
        void this.#server.stop(true);
        onClose(this);
        resolve();
      });
    });
  }

  /** Requests that are being answered, one whose last bytes are on their way to the client included. */
  get openRequests(): number {
    return Math.max(this.#server.pendingRequests, this.#socket.writableLength > 0 ? 1 : 0);
  }

  /** Ends the connection: at once when `abrupt`, else after the request in flight. Resolves when it has ended. */
  async stop(abrupt: boolean): Promise<void> {
    if (abrupt) this.#socket.destroy();
    // Of a connection over which nothing was asked yet, the server would wait for the first request.
    else if (this.openRequests === 0) this.#hop.end();
    await this.#server.stop(abrupt);
    await this.#ended;
  }

  /** Ends the connection if it has been silent for too long. */
  endIfSilent(): void {
    if (this.#silenceMs > 0 && performance.now() - this.#heardAtMs > this.#silenceMs) this.#socket.destroy();
  }

  #describe({ hostname, port }: HopOptions): IdentifiedConnection {
    const { remoteAddress: address, remotePort } = this.#socket;
    const family = address?.includes(":") === true ? "IPv6" : "IPv4";
    const remote = address === undefined || remotePort === undefined ? null : { address, port: remotePort, family };
    return {
      requestIP: () => (this.#socket.destroyed ? null : (remote as Bun.SocketAddress | null)),
      timeout: (_, seconds) => {
        this.#silenceMs = seconds * 1000;
      },
      hostname,
      port,
      protocol: "https",
      certificate: this.certificate,
    };
  }

  /** Passes all on between the client and the server at `path`, both ways at the pace of whoever reads. */
  #join(path: string): Socket {
    const client: Socket = this.#socket;
    const hop = connect(path);
    hop.once("connect", () => void unlink(path).catch(() => {}));
    const hear = () => {
      this.#heardAtMs = performance.now();
    };
    for (const [from, to] of [
      [client, hop],
      [hop, client],
    ] as const) {
      from.on("data", hear);
      from.on("drain", hear);
      from.on("error", () => to.destroy());
      from.pipe(to);
    }
    client.once("close", () => hop.destroy());
    hop.once("close", () => {
      // What the server said last may still be on its way to a slow client.
      client.setTimeout(LAST_BYTES_MS, () => client.destroy());
      client.end();
    });
    return hop;
  }
}
