import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CertificateAuthority, openCertificateAuthority } from "../../tls/certificate-authority.ts";
import { caCommand } from "./ca.ts";

const hasOpenssl = Bun.which("openssl") !== null;

let data: string;
let authority: CertificateAuthority;
beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), "larder-ca-"));
  authority = await openCertificateAuthority(join(data, "tls"), { now: () => Date.now(), constraints: null });
});
afterAll(() => rm(data, { recursive: true }));

async function run(...parameters: readonly string[]) {
  const written = { out: "", err: "" };
  const output = (name: "out" | "err") => ({
    isTerminal: false,
    write: (text: string) => void (written[name] += text),
  });
  const io = { stdout: output("out"), stderr: output("err"), environment: {}, signal: new AbortController().signal };
  await caCommand(io).parseAsync([...parameters], { from: "user" });
  return written;
}

/** A registry that has `content` where the authority's certificate belongs. */
function serve(content: string, isSecure = false) {
  const fetch = (request: Request) =>
    new URL(request.url).pathname === "/client/ca.crt" && content !== ""
      ? new Response(content)
      : new Response("", { status: 404 });
  return async (use: (port: string) => Promise<void>) => {
    const { certPem, keyPem } = await authority.issueServerCertificate(["localhost"], []);
    const tls = isSecure ? { tls: { cert: certPem, key: keyPem } } : {};
    const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch, ...tls });
    await use(String(server.port)).finally(() => server.stop(true));
  };
}

describe("larder ca", () => {
  test("prints the certificate of a data folder alone on standard output, and the rest on standard error", async () => {
    const { out, err } = await run("--data", data);
    expect(out).toBe(authority.certPem);
    for (const text of ["Debian", "RHEL", "Alpine", "Flatcar", "macOS"]) expect(err).toContain(text);
  });

  test.skipIf(!hasOpenssl)("prints the fingerprint that openssl prints", async () => {
    const { err } = await run("--data", data);
    const path = join(data, "tls", "ca.crt");
    const openssl = Bun.spawnSync(["openssl", "x509", "-in", path, "-noout", "-fingerprint", "-sha256"]);
    const fingerprint = openssl.stdout.toString().trim().split("=")[1] ?? "";
    expect(err).toContain(`SHA-256 fingerprint: ${fingerprint}\n`);
  });

  test("asks a registry in plain HTTP or TLS, and says that the fingerprint has to be compared", async () => {
    for (const isSecure of [false, true]) {
      await serve(
        authority.certPem,
        isSecure,
      )(async (port) => {
        const { out, err } = await run("--registry", `${isSecure ? "https" : "http"}://127.0.0.1:${port}`);
        expect(out).toBe(authority.certPem);
        expect(err).toContain("compare the fingerprint");
      });
    }
  });

  test("prints nothing but the authority's certificate, whatever the registry answers", async () => {
    await serve(`\u001b[31mhello\n${authority.certPem}rm -rf`)(async (port) => {
      expect((await run("--registry", `127.0.0.1:${port}`)).out).toBe(authority.certPem);
    });
    const { certPem } = await authority.issueServerCertificate(["localhost"], []);
    const refused = async (content: string, message: string) =>
      serve(content)(async (port) => {
        await expect(run("--registry", `127.0.0.1:${port}`)).rejects.toThrow(message);
      });
    await refused(certPem, "not an authority's");
    await refused("<html>", 'holds no certificate, but "<html>"');
    await refused("x".repeat(300_000), "far too large");
    await refused("", "no certificate authority of its own");
  });

  test("says what to do when there is no authority, no server, or two answers to one question", async () => {
    const empty = join(data, "empty");
    await mkdir(empty);
    await expect(run("--data", empty)).rejects.toThrow("larder serve --tls auto");
    await writeFile(join(empty, "tls"), "a file");
    await expect(run("--data", empty)).rejects.toThrow("cannot read");
    await expect(run("--registry", "127.0.0.1:1")).rejects.toThrow("is it running?");
    await expect(run("--registry", "a", "--data", "b")).rejects.toMatchObject({ exitStatus: 2 });
  });
});

describe("larder ca issue", () => {
  test("writes a client's certificate and its key, which nobody else may read", async () => {
    const out = join(data, "issued");
    const { err } = await run("issue", "system:node:one", "--data", data, "--out", out, "--days", "30");
    const file = join(out, "system_node_one");
    expect(err).toContain(`${file}.crt and ${file}.key show who system:node:one is until `);
    const certificate = new X509Certificate(await Bun.file(`${file}.crt`).text());
    expect(certificate.subject).toBe("CN=system:node:one");
    expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
    expect(certificate.verify(new X509Certificate(authority.certPem).publicKey)).toBe(true);
    expect(certificate.checkPrivateKey(createPrivateKey(await Bun.file(`${file}.key`).text()))).toBe(true);
    expect((await stat(`${file}.key`)).mode & 0o777).toBe(0o600);
    expect(Math.round((Date.parse(certificate.validTo) - Date.now()) / 86_400_000)).toBe(30);
    await expect(run("issue", "system:node:one", "--data", data, "--out", out)).rejects.toThrow("is there already");
  });

  test("says what is wrong", async () => {
    await expect(run("issue", "one")).rejects.toThrow("give --data DIR");
    await expect(run("issue", "one", "--data", data, "--days", "0")).rejects.toThrow("write a number of days");
    await expect(run("issue", "a\nb", "--data", data, "--out", data)).rejects.toThrow("cannot be a name");
    await expect(run("issue", "one", "--data", join(data, "none"))).rejects.toThrow("ca.crt does not exist");
    expect(await readdir(data)).not.toContain("a_b.key");
  });
});
