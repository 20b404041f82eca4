/**
 * A certificate and key that the operator brings: read, checked, and read again when they change.
 *
 * The files are compared by content, every few seconds. That sees what other ways miss: a file replaced by a rename
 * (certbot), the symbolic link of a whole folder switched (Kubernetes secrets), two changes within one tick of the file
 * system's clock, network file systems without notifications.
 */
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { checkCertificate } from "./check-certificate.ts";
import {
  type CertificateClock,
  CertificateError,
  type CertificateLog,
  PublishedCertificate,
  type RunningCertificateSource,
} from "./certificate-source.ts";
import { describeFailure } from "../lib/failures/describe-failure.ts";

/** Which files hold the certificate and its key, in PEM, and by which clock they are looked at. */
export type CertificateFilesOptions = {
  readonly certPath: string;
  readonly keyPath: string;
  readonly clock: CertificateClock;
  readonly log: CertificateLog;
};

const POLL_MS = 5_000;
/** Larger than any chain, small enough for a wrong path (a disk image) to do no harm. */
const MAX_FILE_BYTES = 1024 * 1024;

/**
 * Starts with what the files hold now; throws a CertificateError, naming file and reason, when that cannot be used.
 * Later contents that cannot be used leave the old certificate in place, and the log says why: not at the first sight,
 * since certificate and key are rarely replaced in the same instant, but at the second.
 */
export async function watchCertificateFiles(options: CertificateFilesOptions): Promise<RunningCertificateSource> {
  const { clock, log } = options;
  let seen = await readBoth(options);
  const published = new PublishedCertificate(check(seen, options));
  let problem = { text: "", isLogged: true };
  let isPolling = false;

  const poll = async () => {
    const contents = await readBoth(options);
    if (contents.cert === seen.cert && contents.key === seen.key) return;
    const certificate = check(contents, options);
    seen = contents;
    log.info("the certificate files changed and are in use", { notAfter: certificate.notAfter.toISOString() });
    published.publish(certificate);
  };
  const stop = clock.every(POLL_MS, () => {
    if (isPolling) return;
    isPolling = true;
    poll()
      .then(() => {
        problem = { text: "", isLogged: true };
      })
      .catch((error: unknown) => {
        const text = String(error);
        if (text === problem.text && !problem.isLogged) {
          log.warn("the changed certificate files cannot be used; the old certificate stays", { error: text });
        }
        problem = { text, isLogged: text === problem.text };
      })
      .finally(() => {
        isPolling = false;
      });
  });
  return { current: () => published.current(), onChange: (callback) => published.onChange(callback), stop };
}

type Contents = { readonly cert: string; readonly key: string };

function check(contents: Contents, { certPath, keyPath, clock, log }: CertificateFilesOptions) {
  const { certificate, warnings } = checkCertificate({
    cert: { path: certPath, text: contents.cert },
    key: { path: keyPath, text: contents.key },
    now: clock.now(),
  });
  for (const warning of warnings) log.warn(warning);
  return certificate;
}

async function readBoth({ certPath, keyPath }: CertificateFilesOptions): Promise<Contents> {
  return { cert: await readBounded(certPath), key: await readBounded(keyPath) };
}

async function readBounded(path: string): Promise<string> {
  try {
    // A pipe that nobody writes to would keep whoever opens it.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const status = await file.stat();
      if (!status.isFile()) throw new Error("it is not a file");
      if (status.size > MAX_FILE_BYTES) throw new Error("it is larger than 1 MiB");
      return await file.readFile("utf8");
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new CertificateError(`cannot read ${path}: ${describeFailure(error)}`, { cause: error });
  }
}
