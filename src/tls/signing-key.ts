/** Keys for ECDSA on P-256 with SHA-256: what every TLS client of the last ten years verifies, and cheap to sign with. */
import { createPrivateKey, createPublicKey } from "node:crypto";
import { encodePem } from "./pem.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" } as const;

export async function generateKeyPair(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}

/** The private key as PEM (PKCS #8). Secret. */
export async function exportPrivateKey(key: CryptoKey): Promise<string> {
  return encodePem("PRIVATE KEY", new Uint8Array(await crypto.subtle.exportKey("pkcs8", key)));
}

/** The pair that belongs to a private key in PEM (PKCS #8 or SEC 1). Throws when it is none, or not on P-256. */
export async function importKeyPair(keyPem: string): Promise<CryptoKeyPair> {
  const key = createPrivateKey(keyPem);
  const privateDer = key.export({ type: "pkcs8", format: "der" });
  const publicDer = createPublicKey(key).export({ type: "spki", format: "der" });
  return {
    privateKey: await crypto.subtle.importKey("pkcs8", privateDer, ALGORITHM, false, ["sign"]),
    publicKey: await crypto.subtle.importKey("spki", publicDer, ALGORITHM, true, ["verify"]),
  };
}
