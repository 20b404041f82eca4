import type { AddressInfo } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import type { Certificate } from "./certificate.fixture.ts";

/** A TLS server on loopback that asks for a certificate, and takes anything. */
export type TlsServer = {
  readonly port: number;
  /** For each request the name in the certificate that was shown; null: none was. */
  readonly shown: (string | null)[];
  /** The status line with further headers, and the body, for a path. */
  answer: (path: string) => readonly [string, string];
  stop(): Promise<void>;
};

export async function startTlsServer(own: Certificate, clients: Certificate): Promise<TlsServer> {
  const sockets = new Set<TLSSocket>();
  const web: TlsServer = { port: 0, shown: [], answer: () => ["200 OK", "{}"], stop: async () => {} };
  const options = { ...own, ca: [clients.cert], requestCert: true, rejectUnauthorized: false };
  const server = createServer(options, (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    let header = "";
    socket.on("data", (bytes) => {
      header += bytes.toString("latin1");
      if (!header.includes("\r\n\r\n")) return;
      const [status, body] = web.answer(header.split(" ")[1] ?? "");
      header = "";
      web.shown.push((socket.getPeerCertificate() as { subject?: { CN?: string } } | null)?.subject?.CN ?? null);
      socket.write(`HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      for (const socket of sockets) socket.destroy();
      server.close(() => resolve());
    });
  return Object.assign(web, { port: (server.address() as AddressInfo).port, stop });
}
