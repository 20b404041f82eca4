import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import { parseTag } from "../oci/tag.ts";
import { type DockerRegistry, hasDockerRegistry, startDockerRegistry } from "./docker-registry.fixture.ts";
import type { Endpoint } from "./open-registry.ts";
import { blobOf, bytesOf, clientOf, failureOf, manifestOf, PATH, randomBytes } from "./registry.fixture.ts";
import { type Certificate, hasOpenssl, makeCertificate } from "./transport/certificate.fixture.ts";
import { type ClientCertificate, readClientCertificate } from "./transport/client-certificate.ts";
import { dnsResolver } from "./transport/host-resolver.ts";
import { startDnsServer } from "./transport/dns-server.fixture.ts";
import { startTlsServer, type TlsServer } from "./transport/tls-server.fixture.ts";

const V1 = parseTag("v1");
let server: Certificate;
let client: Certificate;
let stranger: Certificate;
const stops: (() => unknown)[] = [];
beforeAll(async () => {
  if (!hasOpenssl) return;
  const names = ["DNS:registry.test", "DNS:other.test", "IP:127.0.0.1"];
  [server, client, stranger] = await Promise.all([
    makeCertificate(...names),
    makeCertificate("DNS:larder"),
    makeCertificate("DNS:stranger"),
  ]);
});
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});
const certificateOf = ({ cert, key }: Certificate): ClientCertificate =>
  readClientCertificate({ text: cert, path: "/c.pem" }, { text: key, path: "/c.key" });

describe.skipIf(!hasDockerRegistry || !hasOpenssl)("a docker-registry that asks for a certificate", () => {
  const open = async (): Promise<DockerRegistry> => {
    const registry = await startDockerRegistry({ kind: "none" }, { own: server, clientAuthority: client.cert });
    stops.push(() => registry.stop());
    return registry;
  };

  test("lets in who shows it, for manifests, blobs and pushes", async () => {
    const { url } = await open();
    const known = clientOf(url, { endpoint: { url, caPem: server.cert, clientCertificate: certificateOf(client) } });
    const layer = randomBytes(100_000);
    const config = new TextEncoder().encode("{}");
    await known.pushBlob(PATH, blobOf(layer));
    await known.pushBlob(PATH, blobOf(config));
    const manifest = manifestOf(layer, config);
    await known.putManifest(PATH, V1, manifest);
    expect((await known.getManifest(PATH, V1))?.bytes.byteLength).toBe(manifest.bytes.byteLength);
    expect((await bytesOf((await known.getBlob(PATH, blobOf(layer).digest))?.body)).byteLength).toBe(100_000);
  });

  test("keeps out who shows none, or another's; the failure names the file", async () => {
    const { url } = await open();
    const [none, wrong] = [
      clientOf(url, { endpoint: { url, caPem: server.cert } }),
      clientOf(url, { endpoint: { url, caPem: server.cert, clientCertificate: certificateOf(stranger) } }),
    ];
    expect((await failureOf(none.ping())).kind).toBe("unreachable");
    expect((await failureOf(wrong.ping())).kind).toBe("unreachable");
    await expect(wrong.ping()).rejects.toThrow("larder showed the client certificate in /c.pem");
  });

  test("one that has expired is named with its day", async () => {
    const { url } = await open();
    const expired = { ...certificateOf(stranger), validToMs: Date.UTC(2020, 1, 3) };
    const late = clientOf(url, { endpoint: { url, caPem: server.cert, clientCertificate: expired } });
    await expect(late.ping()).rejects.toThrow("the client certificate in /c.pem expired on 2020-02-03: renew it");
  });
});

describe.skipIf(!hasOpenssl)("what is between a registry and larder", () => {
  const startServers = async () => {
    const dns = await startDnsServer({ "other.test": ["127.0.0.1"] });
    stops.push(() => dns.close());
    const [registry, other] = await Promise.all([startTlsServer(server, client), startTlsServer(server, client)]);
    stops.push(
      () => registry.stop(),
      () => other.stop(),
    );
    const [url, otherUrl] = [`https://127.0.0.1:${registry.port}`, `https://other.test:${other.port}`];
    const openAt = (endpoint: Omit<Endpoint, "url">) =>
      clientOf(url, { resolver: dnsResolver([dns.address], Date.now), endpoint: { url, ...endpoint } });
    return { registry, other, url, otherUrl, openAt };
  };
  const leadTo = (server: TlsServer, url: string) => {
    server.answer = (path) =>
      path === "/v2/" ? ["200 OK", "{}"] : [`307 Temporary Redirect\r\nLocation: ${url}/x`, ""];
  };
  const challengeTo = (server: TlsServer, realm: string) => {
    server.answer = () => [`401 Unauthorized\r\nWWW-Authenticate: Bearer realm="${realm}",service="s"`, ""];
  };

  test("the certificate is shown to the registry's own host alone: no redirect and no token service sees it", async () => {
    const { registry, other, otherUrl, openAt } = await startServers();
    const known = openAt({ caPem: server.cert, clientCertificate: certificateOf(client) });
    leadTo(registry, otherUrl);
    other.answer = () => ["404 Not Found", ""];
    expect(await known.getManifest(PATH, V1)).toBeNull();
    challengeTo(registry, `${otherUrl}/token`);
    await failureOf(known.getManifest(PATH, V1));
    expect(registry.shown).toContain("DNS:larder");
    expect(new Set(other.shown)).toEqual(new Set([null]));
    expect(other.shown.length).toBeGreaterThanOrEqual(2);
  });

  test("at another port of its host, such as its token service's, it is shown", async () => {
    const { registry, other, openAt } = await startServers();
    challengeTo(registry, `https://127.0.0.1:${other.port}/token`);
    const known = openAt({ caPem: server.cert, clientCertificate: certificateOf(client) });
    await failureOf(known.getManifest(PATH, V1));
    expect(other.shown).toEqual(["DNS:larder"]);
  });

  test("an unverified registry is taken as it is; where it leads to is not", async () => {
    const { registry, other, otherUrl, openAt } = await startServers();
    const open = openAt({ isUnverified: true });
    leadTo(registry, otherUrl);
    await open.ping();
    expect(await failureOf(open.getManifest(PATH, V1))).toMatchObject({ kind: "unreachable", reason: "tls" });
    challengeTo(registry, `${otherUrl}/token`);
    expect(await failureOf(open.getManifest(PATH, V1))).toMatchObject({ kind: "unreachable", reason: "tls" });
    expect(other.shown).toEqual([]);
    // Nor does a connection that nobody verified serve one who verifies.
    expect(await failureOf(openAt({}).ping())).toEqual({ kind: "unreachable", reason: "tls" });
    challengeTo(registry, `https://127.0.0.1:${other.port}/token`);
    await failureOf(open.getManifest(PATH, V1));
    expect(other.shown).toEqual([null]);
  });
});
