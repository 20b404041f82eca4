import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A way to a server on loopback that breaks on command. */
export type CuttingProxy = {
  readonly url: string;
  /** The next connection over which the client sends this many bytes is cut there; null: none. */
  cutAfterBytes: number | null;
  stop(): Promise<void>;
};

export async function startCuttingProxy(target: string): Promise<CuttingProxy> {
  const sockets = new Set<Socket>();
  const track = (socket: Socket): void => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  };
  const server = createServer((client) => {
    const far = connect(Number(new URL(target).port), "127.0.0.1");
    for (const socket of [client, far]) track(socket);
    far.pipe(client);
    let sentBytes = 0;
    client.on("data", (bytes) => {
      sentBytes += bytes.length;
      const isCut = proxy.cutAfterBytes !== null && sentBytes >= proxy.cutAfterBytes;
      far.write(bytes);
      if (!isCut) return;
      proxy.cutAfterBytes = null;
      client.destroy();
      far.end();
    });
    client.on("end", () => far.end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const proxy: CuttingProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cutAfterBytes: null,
    stop: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
  return proxy;
}
