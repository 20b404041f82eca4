import { isIP } from "node:net";
import { join } from "node:path";
import type { Log } from "../telemetry/log.ts";
import { type Subjects, startAutomaticCertificate } from "../tls/automatic-certificate.ts";
import { openCertificateAuthority } from "../tls/certificate-authority.ts";
import { type RunningCertificateSource, systemCertificateClock } from "../tls/certificate-source.ts";
import { watchCertificateFiles } from "../tls/certificate-files.ts";
import { plainLog } from "./plain-log.ts";
import type { TlsSettings } from "./settings/settings.ts";

/** The certificate that larder presents over HTTPS, and the authority that nodes have to trust for it. */
export type ServerCertificate = {
  readonly source: RunningCertificateSource;
  /** PEM; null when the certificate is the operator's, whose authority larder does not know. */
  readonly authorityPem: string | null;
};

/** Opens what `tls` asks for; larder's own authority is in `dataFolder`. Throws CertificateError. */
export async function openServerCertificate(
  tls: TlsSettings,
  dataFolder: string,
  subjects: () => Subjects,
  log: Log,
): Promise<ServerCertificate> {
  const reporting = { clock: systemCertificateClock, log: plainLog(log) };
  if (tls.mode === "files") {
    const { certPath, keyPath } = tls;
    return { source: await watchCertificateFiles({ certPath, keyPath, ...reporting }), authorityPem: null };
  }
  const authority = await openCertificateAuthority(join(dataFolder, "tls"), {
    now: () => systemCertificateClock.now(),
    constraints: tls.constraints ? subjects().names.filter((name) => isIP(name) === 0) : null,
  });
  const source = await startAutomaticCertificate({ authority, subjects, ...reporting });
  return { source, authorityPem: authority.certPem };
}
