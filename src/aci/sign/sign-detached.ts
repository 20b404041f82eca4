import { armor } from "./openpgp-armor.ts";
import { SIGNATURE_TYPE, signaturePacket } from "./openpgp-signature.ts";
import type { SigningKey } from "./signing-key.ts";

/**
 * Signs a file's bytes: an armored, detached OpenPGP signature, what belongs beside `X.aci` as `X.aci.asc`. The bytes
 * are hashed as they come and never held. RSA with SHA-512, the issuer's key ID within: what rkt can verify.
 */
export async function signDetached(key: SigningKey, bytes: AsyncIterable<Uint8Array>, signedAt: Date): Promise<string> {
  const hasher = new Bun.CryptoHasher("sha512");
  for await (const chunk of bytes) hasher.update(chunk);
  return armor("SIGNATURE", signaturePacket(key.signer, SIGNATURE_TYPE.binary, hasher, signedAt));
}
