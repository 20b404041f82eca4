import type { Arrival, Authenticator, Principal } from "./principal.ts";

/**
 * Knows clients by the certificate that they showed over TLS; for others `next` is asked. One that does not count, or has expired
 * since the connection was made, makes nobody of its owner, and the answer says why: nodes go on to pull what anybody may.
 */
export class CertificateAuthenticator implements Authenticator {
  readonly #next: Authenticator;
  readonly #now: () => number;

  /** `now`: milliseconds since 1970. */
  constructor(next: Authenticator, now: () => number) {
    this.#next = next;
    this.#now = now;
  }

  async authenticate(request: Request, arrival: Arrival): Promise<Principal> {
    const certificate = arrival.certificate ?? null;
    if (certificate === null) return this.#next.authenticate(request, arrival);
    if (certificate.kind === "verified" && certificate.notAfterMs > this.#now()) {
      return { kind: "certificate", name: certificate.name };
    }
    const why = certificate.kind === "verified" ? "has expired since it connected" : certificate.why;
    const principal = await this.#next.authenticate(request, arrival);
    if (principal.kind !== "stranger") return principal;
    return { ...principal, certificateTrait: why };
  }
}
