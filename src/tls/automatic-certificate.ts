import type { CertificateAuthority } from "./certificate-authority.ts";
import {
  type CertificateClock,
  type CertificateLog,
  PublishedCertificate,
  type RunningCertificateSource,
} from "./certificate-source.ts";

/** Whom a server answers as. */
export type Subjects = { readonly names: readonly string[]; readonly addresses: readonly string[] };

/** Who signs, for whom, and by which clock. */
export type AutomaticCertificateOptions = {
  readonly authority: CertificateAuthority;
  /** Asked at every check: stood-in hosts and interface addresses come and go. */
  readonly subjects: () => Subjects;
  readonly clock: CertificateClock;
  readonly log: CertificateLog;
};

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** Half of a certificate's life: nodes whose clocks are that far ahead still accept the old one. */
const RENEWED_BEFORE_EXPIRY_MS = 45 * DAY_MS;
const AUTHORITY_WARNING_MS = 365 * DAY_MS;

/**
 * A certificate from larder's own authority that is renewed in time, and whenever a name or address is added. One that
 * went away stays in until the next renewal. Looks once a minute. Throws a CertificateError when the first one cannot be
 * issued; when a later one cannot, the old one stays and the log says why.
 */
export async function startAutomaticCertificate(
  options: AutomaticCertificateOptions,
): Promise<RunningCertificateSource> {
  const { authority, clock, log } = options;
  let issuedFor = options.subjects();
  let issuedAt = clock.now();
  let lastProblem = "";
  let isChecking = false;
  const published = new PublishedCertificate(
    await authority.issueServerCertificate(issuedFor.names, issuedFor.addresses),
  );
  warnOfExpiringAuthority(authority, clock.now(), log);

  const check = async () => {
    const subjects = options.subjects();
    const now = clock.now();
    const isDue = isRenewalDue(published.current().notAfter, authority.notAfter, issuedAt, now);
    if (!isDue && !hasMore(subjects, issuedFor)) return;
    const certificate = await authority.issueServerCertificate(subjects.names, subjects.addresses);
    [issuedFor, issuedAt, lastProblem] = [subjects, now, ""];
    log.info("new server certificate", {
      reason: isDue ? "renewal" : "new names",
      notAfter: certificate.notAfter.toISOString(),
    });
    warnOfExpiringAuthority(authority, now, log);
    published.publish(certificate);
  };
  const stop = clock.every(MINUTE_MS, () => {
    if (isChecking) return;
    isChecking = true;
    check()
      .catch((error: unknown) => {
        const problem = String(error);
        // Once, not every minute.
        if (problem !== lastProblem) log.warn("the server certificate stays the old one", { error: problem });
        lastProblem = problem;
      })
      .finally(() => {
        isChecking = false;
      });
  });
  return {
    current: () => published.current(),
    onChange: (callback) => published.onChange(callback),
    stop,
  };
}

function isRenewalDue(notAfter: Date, authorityNotAfter: Date, issuedAt: number, now: number): boolean {
  // The clock was ahead when this one was issued: for everybody else it is not valid yet, or will not be backdated enough.
  if (now < issuedAt - DAY_MS) return true;
  // A new one cannot outlive the authority.
  const isLastOne = notAfter.getTime() >= authorityNotAfter.getTime();
  return !isLastOne && notAfter.getTime() - now < RENEWED_BEFORE_EXPIRY_MS;
}

function hasMore(now: Subjects, before: Subjects): boolean {
  const isNew = (known: readonly string[]) => {
    const set = new Set(known);
    return (text: string) => !set.has(text);
  };
  return now.names.some(isNew(before.names)) || now.addresses.some(isNew(before.addresses));
}

function warnOfExpiringAuthority(authority: CertificateAuthority, now: number, log: CertificateLog): void {
  if (authority.notAfter.getTime() - now > AUTHORITY_WARNING_MS) return;
  log.warn("the certificate authority expires within a year; make a new one and trust it on every node", {
    notAfter: authority.notAfter.toISOString(),
  });
}
