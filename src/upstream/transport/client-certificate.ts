import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { describeFailure } from "../../lib/failures/describe-failure.ts";

/** What larder shows of itself to a registry that asks for a certificate. Times are milliseconds since 1970. */
export type ClientCertificate = {
  /** The certificate, and those of the authorities between it and the one that the registry trusts. */
  readonly certPem: string;
  readonly keyPem: string;
  /** Where it came from, for messages: a file. */
  readonly source: string;
  readonly validFromMs: number;
  readonly validToMs: number;
};

/** A PEM text, and the file that it was read from. */
type Pem = { readonly text: string; readonly path: string };

/** The certificate and the key that two files hold. Throws an Error that names the file, and what is wrong with it. */
export function readClientCertificate(cert: Pem, key: Pem): ClientCertificate {
  const parsed = parseCertificate(cert);
  if (!parsed.checkPrivateKey(parseKey(key))) {
    throw new Error(
      `the key in ${key.path} is not that of the certificate in ${cert.path} (${subjectOf(parsed)}): they belong together`,
    );
  }
  return {
    certPem: cert.text,
    keyPem: key.text,
    source: cert.path,
    validFromMs: Date.parse(parsed.validFrom),
    validToMs: Date.parse(parsed.validTo),
  };
}

/** Why a registry will not take the certificate at this time; null when its dates are right. */
export function whyNotValid({ source, validFromMs, validToMs }: ClientCertificate, nowMs: number): string | null {
  const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
  if (nowMs > validToMs) return `the client certificate in ${source} expired on ${day(validToMs)}: renew it`;
  if (nowMs < validFromMs)
    return `the client certificate in ${source} is valid from ${day(validFromMs)} on: is this machine's clock right?`;
  return null;
}

function parseCertificate({ text, path }: Pem): X509Certificate {
  if (!text.includes("-----BEGIN CERTIFICATE-----")) {
    throw new Error(`${path} holds no certificate in PEM (-----BEGIN CERTIFICATE-----)`);
  }
  try {
    return new X509Certificate(text);
  } catch {
    throw new Error(`the certificate in ${path} cannot be read: it is damaged, or cut short`);
  }
}

function parseKey({ text, path }: Pem): KeyObject {
  if (!/-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/.test(text)) {
    throw new Error(`${path} holds no private key in PEM (-----BEGIN PRIVATE KEY-----)`);
  }
  if (/-----BEGIN ENCRYPTED |^Proc-Type: 4,ENCRYPTED/m.test(text)) {
    throw new Error(
      `the key in ${path} is encrypted: larder has nobody to ask for its passphrase, so it has to be plain`,
    );
  }
  try {
    return createPrivateKey(text);
  } catch (cause) {
    throw new Error(`the key in ${path} cannot be read: ${describeFailure(cause)}`, { cause });
  }
}

function subjectOf(certificate: X509Certificate): string {
  return certificate.subject?.split("\n").join(", ") || "without a name";
}
