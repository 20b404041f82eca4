import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { mkdir, mkdtemp, readdir, rm, stat, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readAuthorityCertificate } from "./authority-files.ts";
import { type CertificateAuthority, openCertificateAuthority } from "./certificate-authority.ts";
import type { ServerCertificate } from "./certificate-source.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const hasOpenssl = Bun.which("openssl") !== null;
const hasCurl = Bun.which("curl") !== null;
const hasSkopeo = Bun.which("skopeo") !== null;
const now = () => Date.now();

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "larder-tls-"));
});
afterAll(() => rm(root, { recursive: true }));

let folders = 0;
const newFolder = () => join(root, String(folders++), "tls");

async function run(...command: readonly string[]): Promise<{ status: number; output: string }> {
  const child = Bun.spawn([...command], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { status: await child.exited, output: out + err };
}

/** `openssl verify` of `server` for `host` (or an address), trusting `authority` alone. */
async function verify(authority: CertificateAuthority, server: ServerCertificate, host: string) {
  const folder = await mkdtemp(join(root, "verify-"));
  await writeFile(join(folder, "ca"), authority.certPem);
  await writeFile(join(folder, "server"), server.certPem);
  const check = /^[\d.]+$|:/.test(host) ? "-verify_ip" : "-verify_hostname";
  const files = ["-CAfile", join(folder, "ca"), join(folder, "server")];
  return run("openssl", "verify", "-x509_strict", "-purpose", "sslserver", check, host, ...files);
}

describe("the authority on disk", () => {
  test("is made once: key and folder are for the owner alone, and the next start finds the same", async () => {
    const folder = newFolder();
    const first = await openCertificateAuthority(folder, { now, constraints: null });
    const second = await openCertificateAuthority(folder, { now, constraints: null });
    expect(second.certPem).toBe(first.certPem);
    expect(await readAuthorityCertificate(folder)).toBe(first.certPem);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect((await stat(join(folder, "ca.key"))).mode & 0o777).toBe(0o600);
    expect((await readdir(folder)).sort()).toEqual(["ca.crt", "ca.key"]);
  });

  test("is the same for all that start at once", async () => {
    const folder = newFolder();
    const program = `
      const { openCertificateAuthority } = await import(${JSON.stringify(join(import.meta.dir, "certificate-authority.ts"))});
      const authority = await openCertificateAuthority(${JSON.stringify(folder)}, { now: () => Date.now(), constraints: null });
      process.stdout.write(authority.certPem);`;
    const outputs = await Promise.all(Array.from({ length: 4 }, () => run(process.execPath, "-e", program)));
    expect(outputs.map(({ status }) => status)).toEqual([0, 0, 0, 0]);
    expect(new Set(outputs.map(({ output }) => output)).size).toBe(1);
    expect((await readdir(folder)).sort()).toEqual(["ca.crt", "ca.key"]);
  });

  test("goes on with a key whose certificate was not written before the power failed", async () => {
    const folder = newFolder();
    const before = await openCertificateAuthority(folder, { now, constraints: null });
    await unlink(join(folder, "ca.crt"));
    const after = await openCertificateAuthority(folder, { now, constraints: null });
    expect(new X509Certificate(after.certPem).publicKey.equals(new X509Certificate(before.certPem).publicKey)).toBe(
      true,
    );
  });

  test("is refused with the reason when it cannot be used", async () => {
    const open = async (prepare: (folder: string) => Promise<unknown>, at = now) => {
      const folder = newFolder();
      await openCertificateAuthority(folder, { now, constraints: null });
      await prepare(folder);
      return openCertificateAuthority(folder, { now: at, constraints: null });
    };
    await expect(open((folder) => unlink(join(folder, "ca.key")))).rejects.toThrow("without its key");
    await expect(open((folder) => writeFile(join(folder, "ca.key"), "rubbish"))).rejects.toThrow(
      "ca.key is not an ECDSA",
    );
    await expect(open((folder) => writeFile(join(folder, "ca.crt"), "rubbish"))).rejects.toThrow(
      "ca.crt is not a certif",
    );
    const other = await openCertificateAuthority(newFolder(), { now, constraints: null });
    await expect(open((folder) => writeFile(join(folder, "ca.crt"), other.certPem))).rejects.toThrow("does not belong");
    const inElevenYears = () => Date.now() + 11 * 365 * DAY_MS;
    await expect(open(() => mkdir(root, { recursive: true }), inElevenYears)).rejects.toThrow("expired on");
  });

  test("is not made while the clock stands in 1970", async () => {
    const opening = openCertificateAuthority(newFolder(), { now: () => 0, constraints: null });
    await expect(opening).rejects.toThrow("the clock says 1970-01-01");
  });
});

describe("a server certificate", () => {
  test("lives at most 398 days, began 30 days ago, and is not the authority's key", async () => {
    const authority = await openCertificateAuthority(newFolder(), { now, constraints: null });
    const server = await authority.issueServerCertificate(["quay.io"], []);
    const certificate = new X509Certificate(server.certPem);
    const [from, to] = [new Date(certificate.validFrom).getTime(), new Date(certificate.validTo).getTime()];
    expect(to - from).toBeLessThanOrEqual(398 * DAY_MS);
    expect(Date.now() - from).toBeGreaterThanOrEqual(30 * DAY_MS);
    expect(server.notAfter.getTime()).toBe(to);
    expect(certificate.ca).toBe(false);
    expect(certificate.verify(new X509Certificate(authority.certPem).publicKey)).toBe(true);
  });

  test("refuses what is neither a name nor an address, and takes addresses among the names", async () => {
    const authority = await openCertificateAuthority(newFolder(), { now, constraints: null });
    await expect(authority.issueServerCertificate(["quay.io:443"], [])).rejects.toThrow('"quay.io:443"');
    await expect(authority.issueServerCertificate([], ["10.0.0"])).rejects.toThrow('"10.0.0"');
    await expect(authority.issueServerCertificate([], [])).rejects.toThrow("at least one");
    const mixed = await authority.issueServerCertificate(["10.0.0.9", "Quay.IO.", "quay.io"], ["fe80::1%eth0"]);
    expect(new X509Certificate(mixed.certPem).subjectAltName).toBe(
      "DNS:quay.io, IP Address:10.0.0.9, IP Address:FE80:0:0:0:0:0:0:1",
    );
  });

  test.skipIf(!hasOpenssl)("is verified by openssl for its names and addresses and for no others", async () => {
    const authority = await openCertificateAuthority(newFolder(), { now, constraints: null });
    const names = ["docker.io", "registry-1.docker.io", "*.registry.example.com", "larder"];
    const server = await authority.issueServerCertificate(names, ["10.0.0.5", "fd00::5"]);
    for (const host of [
      "docker.io",
      "registry-1.docker.io",
      "a.registry.example.com",
      "larder",
      "10.0.0.5",
      "fd00::5",
    ]) {
      expect(await verify(authority, server, host)).toMatchObject({ status: 0 });
    }
    for (const host of ["quay.io", "auth.docker.io", "10.0.0.6"]) {
      expect((await verify(authority, server, host)).status).not.toBe(0);
    }
  });

  test.skipIf(!hasOpenssl)("with a thousand names is still accepted in a handshake", async () => {
    const authority = await openCertificateAuthority(newFolder(), { now, constraints: null });
    const names = Array.from({ length: 999 }, (_, index) => `registry-${index}.some-department.example.com`);
    const server = await authority.issueServerCertificate([...names, "localhost"], []);
    using listener = serve(server);
    const handshake = await connect(authority, listener.port ?? 0, "registry-998.some-department.example.com");
    expect(handshake.output).toContain("Verify return code: 0 (ok)");
  });
});

describe("name constraints", () => {
  const constraints = ["docker.io", "quay.io"];

  test.skipIf(!hasOpenssl)("stand in the certificate as critical, and openssl accepts what they permit", async () => {
    const folder = newFolder();
    const authority = await openCertificateAuthority(folder, { now, constraints });
    expect(authority.constraints).toEqual(constraints);
    const text = await run("openssl", "x509", "-noout", "-text", "-in", join(folder, "ca.crt"));
    expect(text.output).toContain("X509v3 Name Constraints: critical");
    expect(text.output).toContain("DNS:docker.io");
    const server = await authority.issueServerCertificate(["registry-1.docker.io", "quay.io"], ["10.0.0.5", "fd00::5"]);
    for (const host of ["registry-1.docker.io", "quay.io", "10.0.0.5", "fd00::5"]) {
      expect(await verify(authority, server, host)).toMatchObject({ status: 0 });
    }
  });

  test("are respected when issuing: the first forbidden host is named", async () => {
    const authority = await openCertificateAuthority(newFolder(), { now, constraints });
    await expect(authority.issueServerCertificate(["quay.io", "ghcr.io"], [])).rejects.toThrow('"ghcr.io"');
    await expect(authority.issueServerCertificate(["notquay.io"], [])).rejects.toThrow('"notquay.io"');
  });

  test.skipIf(!hasOpenssl)("are enforced by openssl against a certificate that the stolen key signed", async () => {
    const folder = newFolder();
    const authority = await openCertificateAuthority(folder, { now, constraints: ["quay.io"] });
    // The same key, as a thief would use it: with a certificate of its own that has no constraints.
    const stolen = newFolder();
    await mkdir(stolen, { recursive: true });
    await Bun.write(join(stolen, "ca.key"), Bun.file(join(folder, "ca.key")));
    const thief = await openCertificateAuthority(stolen, { now, constraints: null });
    const forged = await thief.issueServerCertificate(["ghcr.io"], []);
    expect(await verify(thief, forged, "ghcr.io")).toMatchObject({ status: 0 });
    expect((await verify(authority, forged, "ghcr.io")).output).toContain("permitted subtree violation");
  });

  test("are host names, and at least one", async () => {
    const open = (constraints: readonly string[]) => openCertificateAuthority(newFolder(), { now, constraints });
    expect((await open(["Quay.IO.", "10.0.0.5"])).constraints).toEqual(["quay.io"]);
    await expect(open(["10.0.0.5"])).rejects.toThrow("at least one host name");
    await expect(open(["quay.io:443"])).rejects.toThrow('"quay.io:443"');
  });

  test("cannot be added to an authority that was made without", async () => {
    const folder = newFolder();
    await openCertificateAuthority(folder, { now, constraints: null });
    await expect(openCertificateAuthority(folder, { now, constraints })).rejects.toThrow(
      "made without name constraints",
    );
  });
});

function serve(server: ServerCertificate) {
  const fetch = (request: Request) =>
    new URL(request.url).pathname === "/v2/" ? new Response("{}") : new Response("not found", { status: 404 });
  return Bun.serve({ hostname: "127.0.0.1", port: 0, tls: { cert: server.certPem, key: server.keyPem }, fetch });
}

async function writeTrust(authority: CertificateAuthority): Promise<string> {
  const folder = await mkdtemp(join(root, "trust-"));
  await writeFile(join(folder, "ca.crt"), authority.certPem);
  return folder;
}

async function connect(authority: CertificateAuthority, port: number, name: string) {
  const trust = join(await writeTrust(authority), "ca.crt");
  const target = ["-connect", `127.0.0.1:${port}`, "-servername", name, "-verify_hostname", name];
  return run("openssl", "s_client", ...target, "-CAfile", trust, "-verify_return_error");
}

const kinds = [
  ["an authority", null],
  ["an authority with name constraints", ["docker.io", "localhost"]],
] as const;

describe.each(kinds)("real clients and %s", (_, constraints) => {
  async function start() {
    const authority = await openCertificateAuthority(newFolder(), { now, constraints });
    const listener = serve(await authority.issueServerCertificate(["docker.io", "localhost"], ["127.0.0.1"]));
    return { authority, listener, port: listener.port ?? 0, [Symbol.dispose]: () => void listener.stop(true) };
  }

  test.skipIf(!hasOpenssl)("openssl s_client verifies the host that it asked for", async () => {
    using server = await start();
    expect((await connect(server.authority, server.port, "docker.io")).output).toContain("Verify return code: 0 (ok)");
    expect((await connect(server.authority, server.port, "quay.io")).output).toContain("hostname mismatch");
  });

  test.skipIf(!hasCurl)("curl trusts it with --cacert, by name and by address, and not without", async () => {
    using server = await start();
    const trust = join(await writeTrust(server.authority), "ca.crt");
    const spoofed = ["--connect-to", `docker.io:443:127.0.0.1:${server.port}`, "https://docker.io/v2/"];
    expect(await run("curl", "-fsS", "--cacert", trust, ...spoofed)).toEqual({ status: 0, output: "{}" });
    const byAddress = `https://127.0.0.1:${server.port}/v2/`;
    expect(await run("curl", "-fsS", "--cacert", trust, byAddress)).toEqual({ status: 0, output: "{}" });
    expect((await run("curl", "-fsS", byAddress)).status).toBe(60);
  });

  test.skipIf(!hasSkopeo)("skopeo trusts it with --cert-dir, by name and by address, and not without", async () => {
    using server = await start();
    for (const host of ["localhost", "127.0.0.1"]) {
      const image = `docker://${host}:${server.port}/a:1`;
      const trusting = await run("skopeo", "inspect", "--cert-dir", await writeTrust(server.authority), image);
      expect(trusting.output).not.toContain("x509");
      expect(trusting.output).toContain("404");
      expect((await run("skopeo", "inspect", image)).output).toContain("x509");
    }
  });

  test("larder's own commands trust it by name and by address", async () => {
    using server = await start();
    for (const host of ["localhost", "127.0.0.1"]) {
      const tls = { ca: server.authority.certPem };
      expect(await (await fetch(`https://${host}:${server.port}/v2/`, { tls })).text()).toBe("{}");
    }
  });
});
