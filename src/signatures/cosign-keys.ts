import { constants, createPublicKey, type KeyObject, verify } from "node:crypto";
import { basename } from "node:path";
import { preAuthEncoding, readBundleEnvelope } from "./bundle-envelope.ts";
import { decodeBase64 } from "./parse-json.ts";
import { type Authority, type Signature, SignatureRejected, type SignedImage } from "./signature.ts";
import { checkSimplePayload } from "./simple-payload.ts";
import { checkStatement } from "./statement.ts";

/** A public key with the file that it was read from. */
export type NamedKey = { readonly file: string; readonly key: KeyObject };

const SIGNATURE_ANNOTATION = "dev.cosignproject.cosign/signature";
/** cosign's for keys of its own making, and what other tools take for longer keys. */
const HASHES = ["sha256", "sha384", "sha512"] as const;

/** What can be told of a file that holds no public key. */
const MISTAKES: readonly (readonly [RegExp, string])[] = [
  [/BEGIN ENCRYPTED [A-Z ]*PRIVATE KEY/, "it is a private key (keep it to yourself); give the public one, cosign.pub"],
  [/PRIVATE KEY/, "it is a private key (keep it to yourself); give the public one, such as cosign.pub"],
  [/BEGIN CERTIFICATE/, "it is a certificate; a cosignKey is a public key (`openssl x509 -pubkey -noout` prints it)"],
  [/BEGIN PGP/, "it is a key of OpenPGP, which cosign does not sign with"],
];

/**
 * The public key in a PEM file: ECDSA on P-256, P-384 or P-521, RSA of 2048 bits and more, or Ed25519. Throws an Error that says
 * what it is instead.
 */
export function readPublicKey(pem: string): KeyObject {
  const mistake = MISTAKES.find(([pattern]) => pattern.test(pem));
  if (mistake !== undefined) throw new Error(mistake[1]);
  const blocks = pem.match(/-----BEGIN [A-Z ]*PUBLIC KEY-----/g) ?? [];
  if (blocks.length !== 1)
    throw new Error(blocks.length === 0 ? "it is no public key in PEM" : "it holds several keys");
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch {
    throw new Error("it is no public key that can be read");
  }
  const type = key.asymmetricKeyType ?? "unknown";
  if (!["ec", "rsa", "ed25519"].includes(type))
    throw new Error(`it is a key of a kind that does not sign images: ${type}`);
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (type === "rsa" && (bits < 2048 || bits > 8192)) throw new Error(`it is an RSA key of ${bits} bits`);
  return key;
}

/** Whoever has the private key of one of some public keys, as `cosign sign --key` signs. No log is asked. */
export class CosignKeys implements Authority {
  readonly name: string;
  readonly kinds = ["simple", "bundle"] as const;
  readonly #keys: readonly NamedKey[];

  constructor(keys: readonly NamedKey[]) {
    this.#keys = keys;
    const files = keys.map(({ file }) => basename(file)).join(", ");
    this.name = keys.length === 1 ? `the key ${files}` : `one of the keys ${files}`;
  }

  async verify(signature: Signature, image: SignedImage): Promise<void> {
    const signed = signedBytes(signature);
    if (!this.#keys.some(({ key }) => isSignedBy(key, signed.bytes, signed.signature))) {
      throw new SignatureRejected("is by another key");
    }
    // Only what a known key has signed is worth reading.
    if (signature.kind === "simple") checkSimplePayload(signature.payload, image);
    else checkStatement(signed.statement, image);
  }
}

function signedBytes(signature: Signature): { bytes: Uint8Array; signature: Buffer; statement: Uint8Array } {
  if (signature.kind === "simple") {
    const text = signature.annotations[SIGNATURE_ANNOTATION] ?? "";
    const made = decodeBase64(text, "what is in its annotation");
    return { bytes: signature.payload, signature: made, statement: signature.payload };
  }
  if (signature.kind !== "bundle") throw new SignatureRejected("is of another format");
  const envelope = readBundleEnvelope(signature.bytes);
  return { bytes: preAuthEncoding(envelope), signature: envelope.signature, statement: envelope.payload };
}

/** ECDSA signatures are in DER. For RSA both paddings count: cosign makes one, key management services the other. */
function isSignedBy(key: KeyObject, bytes: Uint8Array, signature: Uint8Array): boolean {
  try {
    if (key.asymmetricKeyType === "ed25519") return verify(null, bytes, key, signature);
    if (key.asymmetricKeyType === "ec") return HASHES.some((hash) => verify(hash, bytes, key, signature));
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    return HASHES.some(
      (hash) => verify(hash, bytes, key, signature) || verify(hash, bytes, { key, padding }, signature),
    );
  } catch {
    // What is no signature at all makes the library throw.
    return false;
  }
}
