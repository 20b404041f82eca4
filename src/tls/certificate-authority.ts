/** larder's own certificate authority: made once, trusted by the nodes once, and from then on the servers' only issuer. */
import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { openAuthorityFiles } from "./authority-files.ts";
import { CertificateError, type ServerCertificate } from "./certificate-source.ts";
import { findForbidden, type NameConstraints } from "./name-constraints.ts";
import { isClientName } from "./client-name.ts";
import { encodePem } from "./pem.ts";
import type { Validity } from "./sign-certificate.ts";
import { parseSubjectNames } from "./subject-names.ts";

/** How an authority is opened, or made. */
export type AuthorityOptions = {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Hosts that a new authority is limited to; null: no limit. An authority that exists keeps the limits that it has. */
  readonly constraints: NameConstraints | null;
};

/** An authority whose key larder has. */
export type CertificateAuthority = {
  /** The certificate that clients have to trust. */
  readonly certPem: string;
  readonly notAfter: Date;
  /** The hosts that it may vouch for; null: all. */
  readonly constraints: NameConstraints | null;
  /**
   * A certificate with a key of its own, for clients that ask for any of `names` or `addresses`. Throws a
   * CertificateError when one of them is malformed, or outside of the authority's constraints.
   */
  issueServerCertificate(names: readonly string[], addresses: readonly string[]): Promise<ServerCertificate>;
  /**
   * A certificate with a key of its own, with which somebody of this name shows larder who they are, for `lifeMs` or as long as the
   * authority lasts. Throws a CertificateError for a name that could not be told apart from others.
   */
  issueClientCertificate(name: string, lifeMs: number): Promise<ServerCertificate>;
};

const DAY_MS = 24 * 60 * 60 * 1000;
/** How far a node's clock may be behind. Machines without a battery-backed clock start in the past. */
const BACKDATED_MS = 30 * DAY_MS;
/** As long as the authorities of a Kubernetes cluster. */
const AUTHORITY_LIFE_MS = 3650 * DAY_MS;
/** With the backdating well below the 398 days that Apple's clients accept at most. */
const SERVER_LIFE_MS = 90 * DAY_MS;
/** An authority made while the clock stood in 1970 would have expired as soon as the clock is set. */
const EARLIEST_CLOCK = Date.UTC(2026, 0, 1);

/**
 * The authority in the folder `directory`, made if there is none. Throws a CertificateError when it cannot be used:
 * expired, damaged, or without the constraints that are asked for.
 */
export async function openCertificateAuthority(
  directory: string,
  { now, constraints }: AuthorityOptions,
): Promise<CertificateAuthority> {
  const { readNameConstraints, signAuthorityCertificate, signClientCertificate, signServerCertificate } = await import(
    "./sign-certificate.ts"
  );
  const { keyPem, certPem } = await openAuthorityFiles(directory, {
    async makeKey() {
      requireSetClock(now());
      return exportPrivateKey((await generateKeyPair()).privateKey);
    },
    async makeCertificate(keyPem) {
      requireSetClock(now());
      const keys = await readKey(keyPem, directory);
      const validity = validityOf(now(), now() + AUTHORITY_LIFE_MS);
      const permitted = constraints === null ? null : parseConstraints(constraints);
      return encodePem("CERTIFICATE", await signAuthorityCertificate(keys, validity, permitted));
    },
  });
  const signingKey = (await readKey(keyPem, directory)).privateKey;
  const certificate = readCertificate(certPem, keyPem, directory, now());
  const notAfter = new Date(certificate.validTo);
  const existing = readNameConstraints(certificate.raw);
  if (constraints !== null && existing === null) {
    throw new CertificateError(
      `the certificate authority in ${directory} was made without name constraints; to have them, ${HOW_TO_REPLACE}`,
    );
  }
  const signer = { certificateDer: certificate.raw, key: signingKey };
  const issue = async (lifeMs: number, sign: (key: CryptoKey, validity: Validity) => Promise<Uint8Array>) => {
    const validity = validityOf(now(), Math.min(now() + lifeMs, notAfter.getTime()));
    const keys = await generateKeyPair();
    const issued = encodePem("CERTIFICATE", await sign(keys.publicKey, validity));
    return { certPem: issued, keyPem: await exportPrivateKey(keys.privateKey), notAfter: validity.notAfter };
  };
  return {
    certPem,
    notAfter,
    constraints: existing,
    async issueServerCertificate(names, addresses) {
      const subjects = parseSubjectNames(names, addresses);
      const forbidden = existing === null ? null : findForbidden(existing, subjects.names);
      if (forbidden !== null) {
        throw new CertificateError(
          `the certificate authority in ${directory} may not vouch for ${JSON.stringify(forbidden)}, since its name constraints were fixed when it was made; leave that one out, or ${HOW_TO_REPLACE}`,
        );
      }
      return issue(SERVER_LIFE_MS, (key, validity) => signServerCertificate(signer, key, validity, subjects));
    },
    async issueClientCertificate(name, lifeMs) {
      if (!isClientName(name)) {
        throw new CertificateError(
          `${JSON.stringify(name)} cannot be a name in a client's certificate: it has 1 to 64 characters, no control character, and no blank at its ends`,
        );
      }
      return issue(lifeMs, (key, validity) => signClientCertificate(signer, key, validity, name));
    },
  };
}

const HOW_TO_REPLACE = "move that folder away, start again, and trust the new authority on every node";

function parseConstraints(constraints: NameConstraints): NameConstraints {
  const { names } = parseSubjectNames(constraints, []);
  if (names.length > 0) return names;
  throw new CertificateError("a certificate authority with name constraints needs at least one host name");
}

function validityOf(now: number, until: number): Validity {
  const wholeSecond = (time: number) => new Date(Math.floor(time / 1000) * 1000);
  return { notBefore: wholeSecond(now - BACKDATED_MS), notAfter: wholeSecond(until) };
}

function requireSetClock(now: number): void {
  if (now >= EARLIEST_CLOCK) return;
  throw new CertificateError(
    `the clock says ${new Date(now).toISOString()}; set it before a certificate authority is made, which would expire too early`,
  );
}

async function readKey(keyPem: string, directory: string): Promise<CryptoKeyPair> {
  try {
    return await importKeyPair(keyPem);
  } catch (error) {
    throw new CertificateError(
      `${directory}/ca.key is not an ECDSA P-256 key in PEM; put the right one back, or ${HOW_TO_REPLACE}`,
      { cause: error },
    );
  }
}

function readCertificate(certPem: string, keyPem: string, directory: string, now: number): X509Certificate {
  const complain = (reason: string, cause?: unknown) =>
    new CertificateError(`${directory}/ca.crt ${reason}; put the right one back, or ${HOW_TO_REPLACE}`, { cause });
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(certPem);
  } catch (error) {
    throw complain("is not a certificate in PEM", error);
  }
  if (!certificate.ca) throw complain("is not the certificate of an authority");
  if (!certificate.checkPrivateKey(createPrivateKey(keyPem))) throw complain("does not belong to ca.key");
  if (new Date(certificate.validTo).getTime() <= now) throw complain(`expired on ${certificate.validTo}`);
  return certificate;
}

/** For keys: every TLS client of the last ten years verifies it, and it is cheap to sign with. */
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" } as const;

async function generateKeyPair(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}

/** The private key as PEM (PKCS #8). Secret. */
async function exportPrivateKey(key: CryptoKey): Promise<string> {
  return encodePem("PRIVATE KEY", new Uint8Array(await crypto.subtle.exportKey("pkcs8", key)));
}

/** The pair that belongs to a private key in PEM (PKCS #8 or SEC 1). Throws when it is none, or not on P-256. */
async function importKeyPair(keyPem: string): Promise<CryptoKeyPair> {
  const key = createPrivateKey(keyPem);
  const privateDer = key.export({ type: "pkcs8", format: "der" });
  const publicDer = createPublicKey(key).export({ type: "spki", format: "der" });
  return {
    privateKey: await crypto.subtle.importKey("pkcs8", privateDer, ALGORITHM, false, ["sign"]),
    publicKey: await crypto.subtle.importKey("spki", publicDer, ALGORITHM, true, ["verify"]),
  };
}
