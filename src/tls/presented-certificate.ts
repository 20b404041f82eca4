import type { PeerCertificate, TLSSocket } from "node:tls";
import { isPlainName } from "./client-name.ts";

/** What a client showed to prove who it is: a certificate that counts, with its name, or one that does not, and why. */
export type PresentedCertificate =
  | { readonly kind: "verified"; readonly name: string; readonly notAfterMs: number }
  /** `why` completes "it …". */
  | { readonly kind: "refused"; readonly why: string };

/**
 * The certificate that the client of a connection has shown; null when it showed none. TLS has verified that the client has its key,
 * its chain to one of the authorities, its dates, that it is one for clients (extended key usage) if it says for what it is, and
 * the revocation lists.
 *
 * What counts is the common name of the subject. A certificate without one has the first of its subject alternative names.
 */
export function readPresentedCertificate(socket: TLSSocket): PresentedCertificate | null {
  const certificate = socket.getPeerCertificate() as Partial<PeerCertificate> | null | undefined;
  if (certificate?.valid_to === undefined) return null;
  if (!socket.authorized) return { kind: "refused", why: whyNot(socket.authorizationError, certificate) };
  const name = nameOf(certificate);
  const notAfterMs = Date.parse(certificate.valid_to);
  if (name === null || Number.isNaN(notAfterMs)) {
    return {
      kind: "refused",
      why: "says no single name: neither a common name nor an alternative name that is plain text",
    };
  }
  return { kind: "verified", name, notAfterMs };
}

function nameOf({ subject, subjectaltname }: Partial<PeerCertificate>): string | null {
  // Several common names come as a list: which of them is meant?
  const commonName = subject?.CN as string | readonly string[] | undefined;
  const name = commonName ?? /^(?:DNS|URI|email):([^\s,"]+)/.exec(subjectaltname ?? "")?.[1];
  return typeof name === "string" && isPlainName(name) ? name : null;
}

/** The codes are OpenSSL's, as Node spells them. */
function whyNot(error: unknown, { valid_from, valid_to }: Partial<PeerCertificate>): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
  switch (code) {
    case "CERT_HAS_EXPIRED":
      return `expired, or one that it is signed with (its own end is ${valid_to})`;
    case "CERT_NOT_YET_VALID":
      return `is not valid yet (before ${valid_from})`;
    case "CERT_REVOKED":
      return "was revoked";
    case "INVALID_PURPOSE":
      return "is not one for clients, by its extended key usage";
    case "CRL_HAS_EXPIRED":
    case "CRL_NOT_YET_VALID":
    case "UNABLE_TO_GET_CRL":
      return "cannot be judged: the revocation list (auth.clientCrl) of its authority is missing or out of date";
    default:
      return "is not signed by an authority that larder was told of (--client-ca), or comes without those in between";
  }
}
