/** A certificate and key that the operator brings, and that may change while larder serves. */
import { checkCertificate } from "./check-certificate.ts";
import {
  type CertificateClock,
  type CertificateLog,
  PublishedCertificate,
  type RunningCertificateSource,
} from "./certificate-source.ts";
import { watchFiles } from "./watch-files.ts";

/** Which files hold the certificate and its key, in PEM, and by which clock they are looked at. */
export type CertificateFilesOptions = {
  readonly certPath: string;
  readonly keyPath: string;
  readonly clock: CertificateClock;
  readonly log: CertificateLog;
};

/**
 * Starts with what the files hold now; throws a CertificateError, naming file and reason, when that cannot be used.
 * Later contents that cannot be used leave the old certificate in place, and the log says why.
 */
export async function watchCertificateFiles(options: CertificateFilesOptions): Promise<RunningCertificateSource> {
  const { certPath, keyPath, clock, log } = options;
  const check = ([cert = "", key = ""]: readonly string[]) => {
    const { certificate, warnings } = checkCertificate({
      cert: { path: certPath, text: cert },
      key: { path: keyPath, text: key },
      now: clock.now(),
    });
    for (const warning of warnings) log.warn(warning);
    return certificate;
  };
  const { first, stop } = await watchFiles({
    paths: [certPath, keyPath],
    check,
    onChange(certificate) {
      log.info("the certificate files changed and are in use", { notAfter: certificate.notAfter.toISOString() });
      published.publish(certificate);
    },
    complaint: "the changed certificate files cannot be used; the old certificate stays",
    clock,
    log,
  });
  const published = new PublishedCertificate(first);
  return { current: () => published.current(), onChange: (callback) => published.onChange(callback), stop };
}
