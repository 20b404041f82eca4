import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type ConnectionOptions, createServer } from "node:tls";
import { openCertificateAuthority } from "./certificate-authority.ts";
import { PublishedCertificate } from "./certificate-source.ts";
import { startRenewingListener } from "./renewing-listener.ts";
import { limitsOfNode, type TlsLimits } from "./tls-limits.ts";

let root: string;
let certificate: ConstructorParameters<typeof PublishedCertificate>[0];
let authorityPem: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "larder-limits-"));
  const authority = await openCertificateAuthority(root, { now: () => Date.now(), constraints: null });
  authorityPem = authority.certPem;
  certificate = await authority.issueServerCertificate(["localhost"], ["127.0.0.1"]);
});
afterAll(() => rm(root, { recursive: true }));

type Listening = { readonly port: number; readonly stop: () => unknown };

const LISTENERS: readonly (readonly [string, (limits: TlsLimits) => Promise<Listening>])[] = [
  [
    "Bun.serve",
    async (limits) => {
      const listener = startRenewingListener({
        listener: { hostname: "127.0.0.1", port: 0, idleTimeout: 5, fetch: () => new Response("ok") },
        source: new PublishedCertificate(certificate),
        limits,
        log: { info: () => {}, warn: () => {} },
      });
      return { port: listener.port, stop: () => listener.stop(true) };
    },
  ],
  [
    "node:tls",
    async (limits) => {
      const server = createServer({ cert: certificate.certPem, key: certificate.keyPem, ...limitsOfNode(limits) });
      server.on("tlsClientError", () => {});
      const { promise, resolve } = Promise.withResolvers<void>();
      server.listen({ port: 0, host: "127.0.0.1" }, () => resolve());
      await promise;
      const address = server.address();
      return {
        port: typeof address === "object" ? (address?.port ?? 0) : 0,
        stop: () => server.close(),
      };
    },
  ],
];

/** What a client that can do no more than this agrees on; null when it is turned away. */
function agreed(port: number, options: ConnectionOptions): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const socket = connect({ host: "127.0.0.1", port, ca: authorityPem, servername: "localhost", ...options }, () => {
    resolve(`${socket.getProtocol()} ${socket.getCipher().name}`);
    socket.destroy();
  });
  socket.on("error", () => resolve(null));
  return promise;
}

describe.each(LISTENERS)("%s", (_, listen) => {
  test("speaks no TLS that is older than it may", async () => {
    const listener = await listen({ minimum: "1.3", ciphers: [] });
    try {
      expect(await agreed(listener.port, { maxVersion: "TLSv1.2" })).toBeNull();
      expect(await agreed(listener.port, {})).toStartWith("TLSv1.3 ");
    } finally {
      await listener.stop();
    }
  });

  test("takes the suites that it may alone", async () => {
    const [one, other] = ["ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256"];
    const listener = await listen({ minimum: "1.2", ciphers: [one] });
    try {
      expect(await agreed(listener.port, { maxVersion: "TLSv1.2", ciphers: other })).toBeNull();
      expect(await agreed(listener.port, { maxVersion: "TLSv1.2", ciphers: `${other}:${one}` })).toBe(`TLSv1.2 ${one}`);
    } finally {
      await listener.stop();
    }
  });
});
