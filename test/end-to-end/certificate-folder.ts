/** Certificates as an operator brings them: an authority of larder's own code in one folder, files from it in another. */
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openCertificateAuthority } from "../../src/tls/certificate-authority.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

export type CertificateFolder = {
  readonly authorityPem: string;
  readonly certPath: string;
  readonly keyPath: string;
  /** Puts a new certificate for localhost and 127.0.0.1, with a new key, in place of the old one. */
  renew(): Promise<void>;
};

/** Makes the authority and the first certificate, `ageDays` ago; certificates live for 90 days. */
export async function makeCertificateFolder(folder: string, ageDays = 0): Promise<CertificateFolder> {
  const now = () => Date.now() - ageDays * DAY_MS;
  const authority = await openCertificateAuthority(join(folder, "authority"), { now, constraints: null });
  const [certPath, keyPath] = [join(folder, "tls.crt"), join(folder, "tls.key")];
  const renew = async () => {
    const { certPem, keyPem } = await authority.issueServerCertificate(["localhost"], ["127.0.0.1"]);
    await writeFile(`${certPath}.new`, certPem);
    await writeFile(`${keyPath}.new`, keyPem, { mode: 0o600 });
    await rename(`${certPath}.new`, certPath);
    await rename(`${keyPath}.new`, keyPath);
  };
  await renew();
  return { authorityPem: authority.certPem, certPath, keyPath, renew };
}
