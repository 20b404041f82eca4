import { createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import type { Certificate } from "./certificate.fixture.ts";

type Handler = (request: Request) => Response | Promise<Response>;

/** What came, as the server saw it. */
type SeenRequest = { readonly method: string; readonly url: URL; readonly headers: Headers };

/** A web server on loopback that behaves as `handle` says; `requests` are those that came. */
export type WebServer = {
  readonly url: string;
  readonly port: number;
  readonly requests: SeenRequest[];
  handle: Handler;
  stop(): Promise<void>;
};

/** With certificates it speaks TLS, and shows each name that a client asks for the certificate of that name. */
export function startWebServer(handle: Handler, certificates: Readonly<Record<string, Certificate>> = {}): WebServer {
  const requests: SeenRequest[] = [];
  const tls = Object.entries(certificates).map(([serverName, { cert, key }]) => ({ serverName, cert, key }));
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    ...(tls.length === 0 ? {} : { tls }),
    fetch(request) {
      requests.push({ method: request.method, url: new URL(request.url), headers: new Headers(request.headers) });
      return web.handle(request);
    },
  });
  const port = server.port ?? 0;
  const url = `${tls.length === 0 ? "http" : "https"}://127.0.0.1:${port}`;
  const web: WebServer = { url, port, requests, handle, stop: () => server.stop(true) };
  return web;
}

/** A server on loopback that answers the header of each request with whatever `answer` writes to the connection. */
export async function startRawServer(
  answer: (socket: Socket, header: string) => void,
): Promise<{ readonly url: string; readonly headers: string[]; stop(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const headers: string[] = [];
  const server = createServer((socket) => {
    sockets.add(socket);
    let header = "";
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (bytes) => {
      header += bytes.toString("latin1");
      if (!header.includes("\r\n\r\n")) return;
      headers.push(header);
      answer(socket, header);
      header = "";
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    headers,
    stop: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
