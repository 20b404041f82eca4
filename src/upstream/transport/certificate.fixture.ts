import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A self-signed certificate, its own authority, and its key; all in PEM. */
export type Certificate = { readonly cert: string; readonly key: string };

/** Can `makeCertificate` work on this machine? */
export const hasOpenssl = Bun.which("openssl") !== null;

/** A certificate for these names (`DNS:registry.test`, `IP:127.0.0.1`), made by the openssl program. */
export async function makeCertificate(...names: readonly string[]): Promise<Certificate> {
  const folder = await mkdtemp(join(tmpdir(), "larder-certificate-"));
  try {
    const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
    const subject = ["-subj", `/CN=${names[0]}`, "-addext", `subjectAltName=${names.join(",")}`];
    const run = Bun.spawn(["openssl", ...request, ...subject, "-keyout", key, "-out", cert], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: "ignore",
    });
    if ((await run.exited) !== 0) throw new Error("openssl req failed");
    return { cert: await readFile(cert, "utf8"), key: await readFile(key, "utf8") };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
