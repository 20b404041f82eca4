/** Says before a TLS listener does, and in words, why a certificate and a key cannot be used. */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { CertificateError, type ServerCertificate } from "./certificate-source.ts";
import { parsePemBlocks } from "./pem.ts";
import { describeFailure } from "../lib/failures/describe-failure.ts";

/** A file's content, and where it came from, for messages. */
type NamedText = { readonly path: string; readonly text: string };

/** A chain of certificates and a key, in PEM. */
export type CertificateToCheck = {
  readonly cert: NamedText;
  readonly key: NamedText;
  /** Milliseconds since 1970. */
  readonly now: number;
};

/** A certificate that a listener takes. */
export type CheckedCertificate = {
  readonly certificate: ServerCertificate;
  /** Things that work, but not with every client. */
  readonly warnings: readonly string[];
};

const MAX_CHAIN = 16;

/** Throws a CertificateError that names the file, the reason and the remedy. */
export function checkCertificate({ cert, key, now }: CertificateToCheck): CheckedCertificate {
  const { blocks, chain } = readChain(cert);
  const { keyPem, privateKey } = readKey(key);
  const leaf = chain[0] as X509Certificate;
  if (!leaf.checkPrivateKey(privateKey)) {
    const owner = chain.findIndex((certificate) => certificate.checkPrivateKey(privateKey));
    throw new CertificateError(
      owner < 0
        ? `the key in ${key.path} does not belong to the certificate of ${subjectOf(leaf)} in ${cert.path}`
        : `in ${cert.path} the server's own certificate, that of the key in ${key.path}, is number ${owner + 1}; it has to be the first`,
    );
  }
  chain.forEach((certificate, index) => requireCurrent(certificate, index, cert.path, now));
  requireOrder(chain, cert.path);
  return {
    certificate: { certPem: blocks.join(""), keyPem, notAfter: new Date(leaf.validTo) },
    warnings: findWarnings(leaf, cert.path, now),
  };
}

function readChain({ path, text }: NamedText): { blocks: readonly string[]; chain: readonly X509Certificate[] } {
  const blocks = parsePemBlocks(text)
    .filter(({ label }) => label === "CERTIFICATE")
    .map((block) => block.text);
  if (blocks.length === 0) {
    throw new CertificateError(
      `${path} holds no certificate in PEM (-----BEGIN CERTIFICATE-----); a DER file is converted by: openssl x509 -inform der -in FILE`,
    );
  }
  if (blocks.length > MAX_CHAIN) {
    throw new CertificateError(
      `${path} holds ${blocks.length} certificates; a server's chain has at most ${MAX_CHAIN}`,
    );
  }
  const chain = blocks.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch (error) {
      throw new CertificateError(`certificate ${index + 1} in ${path} is damaged: ${describeFailure(error)}`, {
        cause: error,
      });
    }
  });
  return { blocks, chain };
}

function readKey({ path, text }: NamedText): { keyPem: string; privateKey: KeyObject } {
  const block = parsePemBlocks(text).find(({ label }) => label.endsWith("PRIVATE KEY"));
  if (block === undefined) {
    throw new CertificateError(
      `${path} holds no private key in PEM (-----BEGIN PRIVATE KEY-----); a DER file is converted by: openssl pkey -inform der -in FILE`,
    );
  }
  if (block.label.startsWith("ENCRYPTED") || block.text.includes("ENCRYPTED")) {
    throw new CertificateError(
      `the key in ${path} is encrypted with a passphrase, and nobody is there to type it; decrypt it once: openssl pkey -in FILE -out NEWFILE`,
    );
  }
  try {
    return { keyPem: block.text, privateKey: createPrivateKey(block.text) };
  } catch (error) {
    // The library's own message could quote the key.
    throw new CertificateError(`the key in ${path} is damaged, or of a kind that TLS servers do not use`, {
      cause: (error as { code?: unknown }).code,
    });
  }
}

function requireCurrent(certificate: X509Certificate, index: number, path: string, now: number): void {
  if (new Date(certificate.validTo).getTime() > now) return;
  const which = index === 0 ? "the certificate" : `certificate ${index + 1}`;
  throw new CertificateError(
    `${which} in ${path}, of ${subjectOf(certificate)}, expired on ${certificate.validTo}; renew it`,
  );
}

/** Each certificate has to be followed by that of its issuer, if the file holds it at all (RFC 8446, 4.4.2). */
function requireOrder(chain: readonly X509Certificate[], path: string): void {
  chain.forEach((certificate, index) => {
    const next = chain[index + 1];
    if (next === undefined || isIssuedBy(certificate, next) || isIssuedBy(certificate, certificate)) return;
    const issuer = chain.findIndex((other) => isIssuedBy(certificate, other));
    if (issuer < 0) return;
    throw new CertificateError(
      `the certificates in ${path} are out of order: number ${index + 1} has to be followed by its issuer, which is number ${issuer + 1}`,
    );
  });
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function findWarnings(leaf: X509Certificate, path: string, now: number): readonly string[] {
  const warnings: string[] = [];
  if (leaf.subjectAltName === undefined || leaf.subjectAltName === "") {
    warnings.push(
      `the certificate in ${path} has no subject alternative names: containerd, Docker and Podman refuse it`,
    );
  }
  if (new Date(leaf.validFrom).getTime() > now) {
    warnings.push(`the certificate in ${path} is not valid before ${leaf.validFrom}; is the clock right?`);
  }
  return warnings;
}

function subjectOf(certificate: X509Certificate): string {
  return JSON.stringify((certificate.subject || certificate.subjectAltName || "nobody").replaceAll("\n", ", "));
}
