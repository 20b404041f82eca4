import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
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
