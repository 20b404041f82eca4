import type { CertificateClock } from "./certificate-source.ts";

/** The time of this machine. */
export const systemCertificateClock: CertificateClock = {
  now: () => Date.now(),
  every(milliseconds, callback) {
    const timer = setInterval(callback, milliseconds);
    timer.unref();
    return () => clearInterval(timer);
  },
};
