import { constants, type KeyObject, verify, X509Certificate } from "node:crypto";
import { basename } from "node:path";
import * as v from "valibot";
import { followCertificates } from "./certificate-chain.ts";
import { readCoseEnvelope } from "./cose-envelope.ts";
import { readJwsEnvelope } from "./jws-envelope.ts";
import type { NotationEnvelope } from "./notation-envelope.ts";
import { parseJson } from "./parse-json.ts";
import { type Authority, type Signature, SignatureRejected, type SignedImage } from "./signature.ts";
import { parseSubjectPattern, type SubjectPattern } from "./subject-pattern.ts";

const SCHEME = "io.cncf.notary.signingScheme";
const EXPIRY = "io.cncf.notary.expiry";
const X509_SCHEME = "notary.x509";
const PAYLOAD_TYPE = "application/vnd.cncf.notary.payload.v1+json";
const payload = v.looseObject({
  targetArtifact: v.looseObject({ digest: v.string(), mediaType: v.string(), size: v.number() }),
});

/** Authorities whose certificates count, and whom these may name: `*`, or `x509.subject: C=US, O=acme`. */
export type NotationTrustStore = {
  /** Files in PEM, each with one certificate or several. */
  readonly files: readonly { readonly file: string; readonly pem: string }[];
  readonly identities: readonly string[];
};

/** The certificates of a PEM file. Throws an Error that says what it is instead. */
function readCertificates(pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) {
    throw new Error(
      /PRIVATE KEY/.test(pem) ? "it is a private key (keep it to yourself)" : "it holds no certificate in PEM",
    );
  }
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    throw new Error("a certificate in it cannot be read");
  }
}

/**
 * Whoever has a certificate of one of some authorities, as `notation sign` signs. The certificates must be valid now:
 * timestamps, revocation and signing authorities' own times are not looked at.
 */
export class NotationTrust implements Authority {
  readonly name: string;
  readonly kinds = ["notation"] as const;
  readonly #trusted: readonly X509Certificate[];
  readonly #identities: readonly SubjectPattern[];

  /** Throws an Error that says which file or identity is wrong. */
  constructor({ files, identities }: NotationTrustStore) {
    this.#trusted = files.flatMap(({ file, pem }) => {
      try {
        return readCertificates(pem);
      } catch (error) {
        throw new Error(`${file}: ${(error as Error).message}`, { cause: error });
      }
    });
    this.#identities = identities.map(parseSubjectPattern);
    const whose = identities.includes("*") ? "" : `, ${identities.join(" or ")}`;
    this.name = `a certificate of ${files.map(({ file }) => basename(file)).join(" or ")}${whose}`;
  }

  async verify(signature: Signature, image: SignedImage, atMs: number): Promise<void> {
    if (signature.kind !== "notation") throw new SignatureRejected("is of another format");
    const read = signature.envelope === "cose" ? readCoseEnvelope : readJwsEnvelope;
    const envelope = read(signature.bytes);
    checkHeaders(envelope, atMs);
    const { leaf, subject } = await followCertificates(envelope.certificates, this.#trusted, atMs);
    if (!this.#identities.some((pattern) => pattern.matches(subject))) {
      throw new SignatureRejected(`is by somebody else: ${JSON.stringify(subject.join(", ").slice(0, 200))}`);
    }
    if (!isSignedBy(leaf.publicKey, envelope)) throw new SignatureRejected("is wrong: the content was changed");
    checkPayload(envelope.payload, image);
  }
}

function checkHeaders({ critical, signingScheme, contentType, expiresAtMs }: NotationEnvelope, atMs: number): void {
  const unknown = critical.find((header) => header !== SCHEME && header !== EXPIRY);
  if (unknown !== undefined) {
    throw new SignatureRejected(`has a header that larder does not know: ${JSON.stringify(unknown.slice(0, 80))}`);
  }
  if (signingScheme !== X509_SCHEME) {
    throw new SignatureRejected(
      `is of a scheme that larder does not know: ${JSON.stringify(signingScheme.slice(0, 80))}`,
    );
  }
  if (!critical.includes(SCHEME) || contentType !== PAYLOAD_TYPE) throw new SignatureRejected("is none of an image");
  if (expiresAtMs !== null && atMs > expiresAtMs) {
    throw new SignatureRejected(`ended on ${new Date(expiresAtMs).toISOString()}`);
  }
}

function checkPayload(bytes: Uint8Array, { digest, mediaType, sizeBytes }: SignedImage): void {
  const { targetArtifact } = parseJson(bytes, payload, "its payload");
  const isSame =
    targetArtifact.digest === digest && targetArtifact.mediaType === mediaType && targetArtifact.size === sizeBytes;
  if (!isSame) throw new SignatureRejected("is of another image");
}

/** Each kind of key has one algorithm, by its length: what the envelope says instead does not count. */
function algorithmOf(key: KeyObject): string | null {
  const details = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === "rsa") {
    return { 2048: "PS256", 3072: "PS384", 4096: "PS512" }[details.modulusLength ?? 0] ?? null;
  }
  if (key.asymmetricKeyType !== "ec") return null;
  return { prime256v1: "ES256", secp384r1: "ES384", secp521r1: "ES512" }[details.namedCurve ?? ""] ?? null;
}

function isSignedBy(key: KeyObject, { algorithm, signed, signature }: NotationEnvelope): boolean {
  if (algorithmOf(key) !== algorithm) throw new SignatureRejected("is by an algorithm that does not go with its key");
  const hash = `sha${algorithm.slice(2)}`;
  try {
    if (algorithm.startsWith("ES")) return verify(hash, signed, { key, dsaEncoding: "ieee-p1363" }, signature);
    const saltLength = constants.RSA_PSS_SALTLEN_DIGEST;
    return verify(hash, signed, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }, signature);
  } catch {
    return false;
  }
}
