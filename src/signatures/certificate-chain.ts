import { X509Certificate } from "node:crypto";
import type { ASN1Obj, X509Certificate as ParsedCertificate } from "@sigstore/core";
import { SignatureRejected } from "./signature.ts";

/** Certificates that lead from a signer to somebody who is trusted; `leaf` is the signer's. */
export type CertificateChain = {
  readonly leaf: X509Certificate;
  /** The attributes of its subject, as `O=acme`. */
  readonly subject: readonly string[];
};

const CODE_SIGNING = "1.3.6.1.5.5.7.3.3";
const KEY_USAGE = "2.5.29.15";

/**
 * Follows certificates, the signer's first, up to one of `trusted`. Throws `SignatureRejected`: one does not follow from the
 * next, is out of its time, may not sign, or the last is nobody's who is trusted.
 *
 * Source: notaryproject specifications v1.1.0, signature-specification.md, "Certificate Requirements".
 */
export async function followCertificates(
  der: readonly Buffer[],
  trusted: readonly X509Certificate[],
  atMs: number,
): Promise<CertificateChain> {
  const chain = der.map(readCertificate);
  const anchor = chain.findIndex((one) => trusted.some((known) => known.raw.equals(one.raw)));
  const last = anchor < 0 ? chain.length - 1 : anchor;
  const root = anchor < 0 ? trusted.find((known) => isIssuedBy(chain[last] as X509Certificate, known)) : null;
  if (root === undefined) throw new SignatureRejected("is by a certificate that nobody of the trust store vouches for");
  const path = [...chain.slice(0, last + 1), ...(root === null ? [] : [root])];
  const { X509Certificate: Parsed } = await import("@sigstore/core");
  const parsed = path.map(({ raw }) => parse(() => Parsed.parse(Buffer.from(raw))));
  for (const [at, certificate] of path.entries()) {
    const issuer = path[at + 1] ?? null;
    checkTime(certificate, at, atMs);
    if (issuer !== null && !isIssuedBy(certificate, issuer)) {
      throw new SignatureRejected("is by a certificate whose chain is broken");
    }
    const uses = parse(() => usesOf(parsed[at] as ParsedCertificate, certificate));
    if (at === 0) checkSigner(uses);
    else checkAuthority(uses, at);
  }
  const [signer] = parsed;
  return {
    leaf: path[0] as X509Certificate,
    subject: parse(() => readSubject((signer as ParsedCertificate).tbsCertificate)),
  };
}

function readCertificate(der: Buffer): X509Certificate {
  return parse(() => new X509Certificate(der));
}

function parse<T>(read: () => T): T {
  try {
    return read();
  } catch {
    throw new SignatureRejected("cannot be read: a certificate of it is none");
  }
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    return false;
  }
}

function checkTime(certificate: X509Certificate, at: number, atMs: number): void {
  const [from, to] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  if (atMs >= from && atMs <= to) return;
  const whose = at === 0 ? "the signer" : "an authority";
  const when = atMs > to ? `ended on ${day(to)}` : `begins on ${day(from)}`;
  throw new SignatureRejected(`is by a certificate of ${whose} that ${when}`);
}

function day(atMs: number): string {
  return Number.isNaN(atMs) ? "an unknown day" : new Date(atMs).toISOString().slice(0, 10);
}

type Uses = {
  readonly signsContent: boolean;
  readonly isForCode: boolean;
  readonly isAuthority: boolean;
  /** How many authorities may stand below it; null: as many as there are. */
  readonly pathLimit: number | null;
};

function usesOf(parsed: ParsedCertificate, certificate: X509Certificate): Uses {
  const purposes = certificate.keyUsage ?? [];
  const mayVouch = parsed.extension(KEY_USAGE) === undefined || parsed.extKeyUsage?.keyCertSign === true;
  const limit = parsed.extBasicConstraints?.pathLenConstraint;
  return {
    signsContent: parsed.extension(KEY_USAGE) !== undefined && parsed.extKeyUsage?.digitalSignature === true,
    isForCode: purposes.length === 0 || purposes.includes(CODE_SIGNING),
    isAuthority: certificate.ca && mayVouch,
    pathLimit: limit === undefined ? null : Number(limit),
  };
}

function checkSigner({ signsContent, isForCode }: Uses): void {
  if (!signsContent || !isForCode) throw new SignatureRejected("is by a certificate that is not for signing code");
}

function checkAuthority({ isAuthority, pathLimit }: Uses, at: number): void {
  if (isAuthority && (pathLimit === null || pathLimit >= at - 1)) return;
  throw new SignatureRejected("is by a certificate that was issued by one that may not issue any");
}

/** Source: RFC 4519; a name is a list of sets of attributes (RFC 5280, "Issuer"). */
const ATTRIBUTES: Readonly<Record<string, string>> = {
  "2.5.4.3": "CN",
  "2.5.4.5": "SERIALNUMBER",
  "2.5.4.6": "C",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  "2.5.4.9": "STREET",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
  "0.9.2342.19200300.100.1.1": "UID",
  "0.9.2342.19200300.100.1.25": "DC",
  "1.2.840.113549.1.9.1": "EMAILADDRESS",
};

/** Where the subject stands in a certificate of version 3. */
const SUBJECT = 5;

/** Read out of the certificate's own structure: as a text, a value could look like another attribute. */
function readSubject(certificate: ASN1Obj): readonly string[] {
  return (certificate.subs[SUBJECT]?.subs ?? []).flatMap((set) =>
    set.subs.map(({ subs: [type, value] }) => {
      const oid = type?.toOID() ?? "";
      return `${ATTRIBUTES[oid] ?? oid}=${value?.value.toString("utf8") ?? ""}`;
    }),
  );
}
