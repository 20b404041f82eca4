import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rename, rm } from "node:fs/promises";
import { createSocket } from "node:dgram";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CertificateFolder, makeCertificateFolder } from "./certificate-folder.ts";
import { runCommand } from "./run-command.ts";

const PROGRAM = join(import.meta.dir, "..", "..", "larder");

describe("larder that is told to listen wrongly says what to do", () => {
  let folder: string;
  let certificates: CertificateFolder;
  let expired: CertificateFolder;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "larder-mistakes-"));
    certificates = await makeCertificateFolder(join(folder, "good"));
    expired = await makeCertificateFolder(join(folder, "old"), 120);
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function serve(words: readonly string[], environment: Record<string, string> = {}) {
    const argv = [PROGRAM, "serve", "--offline", "--data", join(folder, "data"), ...words];
    const { status, errors } = await runCommand(argv, { environment, timeoutMs: 20_000 });
    return { status, message: errors.split("\n").findLast((line) => line.startsWith("larder: ")) ?? errors };
  }

  test("about certificate files", async () => {
    const https = ["--https", "127.0.0.1:0"];
    const pair = (cert: string, key: string) => serve([...https, "--tls-cert", cert, "--tls-key", key]);
    expect(await pair(join(folder, "none.crt"), certificates.keyPath)).toEqual({
      status: 1,
      message: expect.stringContaining("none.crt: there is no such file"),
    });
    expect((await pair(expired.certPath, expired.keyPath)).message).toMatch(/tls\.crt, of .*, expired on .*; renew it/);
    expect((await pair(certificates.certPath, expired.keyPath)).message).toContain(
      "does not belong to the certificate",
    );
    expect((await pair(certificates.keyPath, certificates.keyPath)).message).toContain("holds no certificate in PEM");
  });

  test("about flags and variables that do not go together", async () => {
    const { certPath, keyPath } = certificates;
    const cases: [string[], Record<string, string>, string][] = [
      [["--tls-cert", certPath, "--https", ":0"], {}, "--tls-cert and --tls-key belong together"],
      [["--tls-cert", certPath, "--tls-key", keyPath], {}, "give --https ADDRESS"],
      [["--https", ":0", "--tls", "manual"], {}, "--tls manual: write auto"],
      [["--http", "127.0.0.1:0", "--client-ca", certPath], {}, "clients show certificates over HTTPS alone"],
      [["--https", "127.0.0.1:0", "--client-ca", certPath], {}, "is no authority's: it may sign nobody's"],
      [["--https", "127.0.0.1:0", "--client-ca", "/none.pem"], {}, "cannot read /none.pem: there is no such file"],
      [["--https", ":0"], { LARDER_AUTH_CLIENT_CRL: "/crl.pem" }, "is of use with auth.clientCa (--client-ca) alone"],
      [["--https", "443"], {}, "--https 443: write :PORT"],
      [["--address", "larder"], {}, "--address larder: write an IP address"],
      [[], { REGISTRY_HTTP_TLS_KEY: keyPath }, "REGISTRY_HTTP_TLS_KEY (http.tls.key): needs http.tls.certificate"],
      [["--http", ":0", "--name", "no name", "--https", ":0"], {}, '"no name" cannot stand in a certificate'],
    ];
    for (const [words, environment, message] of cases) {
      expect((await serve(words, environment)).message).toContain(message);
    }
  });

  test("about ports that others have, by the name of the other program when it can be seen", async () => {
    const web = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
    const names = createSocket("udp4");
    await new Promise<void>((resolve) => names.bind(0, "127.0.0.1", resolve));
    const name = readFileSync(`/proc/${process.pid}/comm`, "utf8").trim();
    const program = `${name} (process ${process.pid})`;
    for (const flag of ["--http", "--https"]) {
      const { status, message } = await serve([flag, `127.0.0.1:${web.port}`]);
      expect([status, message]).toEqual([
        1,
        `larder: cannot listen on 127.0.0.1:${web.port}: ${program} does; stop it, or choose another port with ${flag}`,
      ]);
    }
    const { port } = names.address();
    const { status, message } = await serve(["--http", "127.0.0.1:0", "--dns", `127.0.0.1:${port}`]);
    expect(status).toBe(1);
    expect(message).toContain(`${program} has port ${port}: stop it, or give larder another address with --dns IP`);
    await web.stop(true);
    names.close();
  });

  test("about an authority that is damaged", async () => {
    const data = join(folder, "damaged");
    await makeCertificateFolder(data);
    await rm(join(data, "authority", "ca.key"));
    await rename(join(data, "authority"), join(data, "tls"));
    const { status, message } = await serve(["--https", "127.0.0.1:0", "--data", data]);
    expect([status, message]).toEqual([1, expect.stringContaining("ca.crt without its key ca.key; put the key back")]);
  });
});
