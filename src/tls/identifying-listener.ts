/**
 * A TLS listener that asks clients for a certificate, and knows who showed which.
 *
 * ```
 * client ── TLS ──▶ node:tls ── a Unix socket of its own for each connection ──▶ Bun.serve
 * ```
 *
 * Bun.serve does not tell who the peer of a connection is. So node:tls ends TLS here, and hands each connection on to a
 * server that is made for it alone: whatever that server answers was asked over that connection, and by nobody else. Its
 * socket lies in a folder that only this user may enter, and is unlinked as soon as the connection is through. To make such
 * a server takes 0.13 ms, a tenth of a handshake.
 *
 * It costs a copy of each byte: listeners that ask for no certificate go without.
 */
import { constants, randomUUID } from "node:crypto";
import type { Socket } from "node:net";
import { join } from "node:path";
import { createServer, type Server, type TlsOptions, type TLSSocket } from "node:tls";
import type { CertificateLog, CertificateSource } from "./certificate-source.ts";
import type { ClientAuthoritySource } from "./client-authorities.ts";
import { limitsOfNode, type TlsLimits } from "./tls-limits.ts";
import { ConnectionHop, type HopOptions } from "./connection-hop.ts";

/** Where it listens, whom it believes, and what it answers with. */
export type IdentifyingListenerOptions = {
  /** `port` 0: any that is free. */
  readonly listener: HopOptions;
  readonly source: CertificateSource;
  readonly authorities: ClientAuthoritySource;
  /** Does it end connections of clients that show no certificate that counts? */
  readonly isRequired: boolean;
  /** A folder that only this user may enter, for sockets. */
  readonly folder: string;
  readonly limits?: TlsLimits;
  readonly log: CertificateLog;
};

/** A listener that is up. */
export type IdentifyingListener = {
  readonly port: number;
  /** Requests that are being answered. */
  openRequests(): number;
  /** Takes no more connections, and ends those that are open: at once when `abrupt`, else after the requests in flight. */
  stop(abrupt: boolean): Promise<void>;
};

/** A client that has connected has so long to agree on TLS. */
const HANDSHAKE_MS = 30_000;
/** How often silent connections are looked for. */
const LOOK_MS = 4000;

/** Starts to listen. Rejects as node:net does when the address is taken or forbidden. */
export async function startIdentifyingListener(options: IdentifyingListenerOptions): Promise<IdentifyingListener> {
  const { listener, source, authorities, log } = options;
  const hops = new Set<ConnectionHop>();
  const front = createServer(contextOf(options));
  const handshakes = new WeakMap<Socket, ReturnType<typeof setTimeout>>();
  front.on("connection", (socket) =>
    handshakes.set(
      socket,
      setTimeout(() => socket.destroy(), HANDSHAKE_MS),
    ),
  );
  // A client that gets no further is none of anybody's: a scanner, one without the certificate that is required.
  front.on("tlsClientError", (_, socket) => socket.destroy());
  front.on("secureConnection", (socket) => {
    clearTimeout(handshakes.get(socket));
    openHop(socket, { ...options, listener: { ...listener, port } }, hops);
  });
  const port = await listen(front, listener);
  front.on("error", (error) => log.warn("a listener failed", { port, error: String(error) }));
  const timer = setInterval(() => {
    for (const hop of hops) hop.endIfSilent();
  }, LOOK_MS);
  timer.unref();
  const unsubscribe = [
    source.onChange(() => {
      front.setSecureContext(contextOf(options));
      log.info("listening with a new certificate", { port });
    }),
    authorities.onChange(() => {
      front.setSecureContext(contextOf(options));
      // Whom the old authorities vouched for has to show again who it is.
      for (const hop of hops) if (hop.certificate !== null) void hop.stop(false);
    }),
  ];
  return {
    port,
    openRequests: () => [...hops].reduce((sum, hop) => sum + hop.openRequests, 0),
    async stop(abrupt) {
      for (const end of unsubscribe) end();
      front.close();
      await Promise.all([...hops].map((hop) => hop.stop(abrupt)));
      clearInterval(timer);
    },
  };
}

function contextOf({ source, authorities, isRequired, limits }: IdentifyingListenerOptions): TlsOptions {
  const { certPem, keyPem } = source.current();
  const { caPem, crlPem } = authorities.current();
  return {
    cert: certPem,
    key: keyPem,
    ca: caPem,
    ...(crlPem === null ? {} : { crl: crlPem }),
    ...(limits && limitsOfNode(limits)),
    requestCert: true,
    rejectUnauthorized: isRequired,
    // A resumed session would count by the authorities of the first: each connection shows its certificate.
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}

function listen(front: Server, { hostname, port }: HopOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    front.once("error", reject);
    front.listen({ port, host: hostname }, () => {
      front.off("error", reject);
      const address = front.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}

function openHop(
  socket: TLSSocket,
  { listener, folder, log }: IdentifyingListenerOptions,
  hops: Set<ConnectionHop>,
): void {
  try {
    const path = join(folder, randomUUID().slice(0, 13));
    hops.add(new ConnectionHop(socket, path, listener, (hop) => hops.delete(hop)));
  } catch (error) {
    log.warn("a connection cannot be taken", { port: listener.port, error: String(error) });
    socket.destroy();
  }
}
