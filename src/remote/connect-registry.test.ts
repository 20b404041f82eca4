import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseRepositoryPath, tryParseNamespace, LOCAL } from "../oci/repository-name.ts";
import { parseTag } from "../oci/tag.ts";
import { type CertificateAuthority, openCertificateAuthority } from "../tls/certificate-authority.ts";
import { fixedCredentials } from "../upstream/auth/credentials.ts";
import { connectRegistry } from "./connect-registry.ts";

const NEVER = new AbortController().signal;
const NAMESPACE = tryParseNamespace("registry.test") ?? LOCAL;
const seen: (string | null)[] = [];
const closers: (() => Promise<void>)[] = [];

let folder: string;
let authority: CertificateAuthority;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-connect-"));
  authority = await openCertificateAuthority(folder, { now: () => Date.now(), constraints: null });
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(async () => {
  seen.length = 0;
  for (const close of closers.splice(0)) await close();
});

/** A registry without images that notes the credentials that it is sent; its port. */
async function serve(isSecure: boolean, status = 200): Promise<string> {
  const { certPem, keyPem } = await authority.issueServerCertificate(["localhost"], []);
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      seen.push(request.headers.get("authorization"));
      const headers = status === 401 ? { "www-authenticate": 'Basic realm="x"' } : {};
      return new Response("{}", { status: new URL(request.url).pathname === "/v2/" ? status : 404, headers });
    },
    ...(isSecure ? { tls: { cert: certPem, key: keyPem } } : {}),
  });
  closers.push(() => server.stop(true));
  return String(server.port);
}

async function connect(origins: readonly [string, ...string[]], caPem: string | null = null) {
  const credentials = fixedCredentials(NAMESPACE, "user", "secret");
  const client = await connectRegistry({ namespace: NAMESPACE, origins, credentials, caPem }, NEVER);
  return client.headManifest(parseRepositoryPath("app"), parseTag("1"));
}

test("the first origin that answers is taken", async () => {
  const [secure, plain] = [await serve(true), await serve(false)];
  expect(await connect([`https://localhost:${secure}`, `http://localhost:${plain}`], authority.certPem)).toBeNull();
  expect(await connect([`http://localhost:${plain}`, `https://localhost:${secure}`])).toBeNull();
});

test("where TLS is not spoken plain HTTP is, without the credentials", async () => {
  const port = await serve(false, 401);
  await connect([`https://localhost:${port}`, `http://localhost:${port}`]).catch(() => {});
  expect(seen.length).toBeGreaterThan(0);
  expect(seen.every((authorization) => authorization === null)).toBe(true);
});

test("plain HTTP that is the first choice gets the credentials when it asks for them", async () => {
  const port = await serve(false, 401);
  await connect([`http://localhost:${port}`, `https://localhost:${port}`]).catch(() => {});
  expect(seen).toContain(`Basic ${btoa("user:secret")}`);
});

test("a port that speaks TLS alone is found, although plain HTTP is tried first", async () => {
  const port = await serve(true);
  expect(await connect([`http://localhost:${port}`, `https://localhost:${port}`], authority.certPem)).toBeNull();
});

test("when nothing answers the error is that of the first origin", async () => {
  await expect(connect(["http://localhost:1", "https://localhost:1"])).rejects.toThrow("GET http://localhost:1/v2/");
});

test("a certificate that is not accepted is not passed by", async () => {
  const port = await serve(true);
  await expect(connect([`https://localhost:${port}`, `http://localhost:${port}`])).rejects.toThrow(
    `GET https://localhost:${port}/v2/`,
  );
});
