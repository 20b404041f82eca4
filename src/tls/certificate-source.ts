/** A server's certificate and key, as TLS wants them. `keyPem` is secret: it never goes into a log or a message. */
export type ServerCertificate = {
  /** The server's own certificate first, then those that lead to the authority. PEM. */
  readonly certPem: string;
  readonly keyPem: string;
  readonly notAfter: Date;
};

/** Where a TLS listener has its certificate from, now and later. */
export interface CertificateSource {
  /** The certificate to present now. */
  current(): ServerCertificate;
  /** Calls `callback` after each change of `current()`. The function that comes back ends that. */
  onChange(callback: (certificate: ServerCertificate) => void): () => void;
}

/** A source that watches something in the background until it is stopped. */
export type RunningCertificateSource = CertificateSource & { stop(): void };

/** What this folder tells the operator. */
export type CertificateLog = {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
};

/** Time, from outside: so that a test can live through a year in a moment. */
export type CertificateClock = {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls `callback` every so often, without keeping the process alive. The function that comes back ends that. */
  every(milliseconds: number, callback: () => void): () => void;
};

/** A certificate or key that cannot be used. The message names the file or name, the reason, and what to do. */
export class CertificateError extends Error {
  override readonly name = "CertificateError";
}

/** The current certificate and those who want to hear of the next one: what every source is made of. */
export class PublishedCertificate implements CertificateSource {
  #current: ServerCertificate;
  readonly #callbacks = new Set<(certificate: ServerCertificate) => void>();

  constructor(first: ServerCertificate) {
    this.#current = first;
  }

  current(): ServerCertificate {
    return this.#current;
  }

  onChange(callback: (certificate: ServerCertificate) => void): () => void {
    this.#callbacks.add(callback);
    return () => this.#callbacks.delete(callback);
  }

  /** Makes `certificate` the current one and tells everybody. */
  publish(certificate: ServerCertificate): void {
    this.#current = certificate;
    for (const callback of this.#callbacks) callback(certificate);
  }
}

/** The time of this machine. */
export const systemCertificateClock: CertificateClock = {
  now: () => Date.now(),
  every(milliseconds, callback) {
    const timer = setInterval(callback, milliseconds);
    timer.unref();
    return () => clearInterval(timer);
  },
};
