import { X509Certificate } from "node:crypto";
import type { X509Certificate as ParsedCertificate } from "@sigstore/core";

/** What a certificate says, for people. Nobody has vouched for it. Times are milliseconds since 1970. */
export type CertificateFacts = {
  /** As `CN=acme, O=Acme`; empty where it names nobody so. */
  readonly subject: string;
  readonly issuer: string;
  /** Mail addresses, URLs and hosts that it names. */
  readonly identities: readonly string[];
  /** Who vouched for the identity, as Fulcio writes it. */
  readonly provider: string | null;
  readonly validFromMs: number | null;
  readonly validUntilMs: number | null;
};

/** Source: sigstore/fulcio, docs/oid-info.md: the second is the first in DER. */
const ISSUER = "1.3.6.1.4.1.57264.1.1";
const ISSUER_DER = "1.3.6.1.4.1.57264.1.8";

/** Reads a certificate in DER; null for what is none. */
export async function describeCertificate(der: Uint8Array): Promise<CertificateFacts | null> {
  try {
    const known = new X509Certificate(Buffer.from(der));
    const { X509Certificate: Parsed } = await import("@sigstore/core");
    return {
      subject: inOneLine(known.subject),
      issuer: inOneLine(known.issuer),
      identities: (known.subjectAltName ?? "")
        .split(", ")
        .flatMap((name) => /^(?:email|URI|DNS):(.+)$/.exec(name)?.[1] ?? []),
      provider: providerOf(Parsed.parse(Buffer.from(der))),
      validFromMs: timeOf(known.validFrom),
      validUntilMs: timeOf(known.validTo),
    };
  } catch {
    return null; // Whatever the two parsers say of it: to people it is no certificate.
  }
}

function providerOf(certificate: ParsedCertificate): string | null {
  const der = certificate.extension(ISSUER_DER)?.valueObj.subs[0]?.value;
  return (der ?? certificate.extension(ISSUER)?.value)?.toString("utf8") ?? null;
}

/** The runtime puts each attribute in a line of its own. */
function inOneLine(name: string | undefined): string {
  return (name ?? "").trim().split("\n").join(", ");
}

function timeOf(text: string): number | null {
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) || atMs < 0 ? null : atMs;
}
