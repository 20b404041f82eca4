import { constants, type KeyObject, privateEncrypt } from "node:crypto";
import {
  encodeMpi,
  encodePacket,
  encodeSubpacket,
  fingerprintOf,
  SUBPACKET,
  TAG,
  uint16,
  uint32,
} from "./openpgp-packets.ts";

/** A private RSA key, and the body of its public key packet. */
export type RsaSigner = { readonly privateKey: KeyObject; readonly publicBody: Uint8Array };

/** Section 5.2.1: over a document's bytes; over a key and a user's name, by the key itself. */
export const SIGNATURE_TYPE = { binary: 0x00, selfCertification: 0x13 } as const;

const RSA = 1;
const SHA512 = 10;
/** What PKCS #1 puts in front of a SHA-512 (RFC 8017, 9.2, note 1). */
const SHA512_PREFIX = Buffer.from("3051300d060960864801650304020305000440", "hex");

/**
 * A signature packet of version 4 with RSA and SHA-512. `hasher` has taken what is signed; it takes the rest here.
 * `extraSubpackets` are hashed. Source: RFC 4880, sections 5.2.3 and 5.2.4.
 */
export function signaturePacket(
  signer: RsaSigner,
  type: number,
  hasher: Bun.CryptoHasher,
  createdAt: Date,
  extraSubpackets: readonly Uint8Array[] = [],
): Uint8Array {
  const fingerprint = fingerprintOf(signer.publicBody);
  const hashedArea = Buffer.concat([
    encodeSubpacket(SUBPACKET.created, uint32(Math.floor(createdAt.getTime() / 1000))),
    // Version 4's fingerprint; clients of this decade find the key by it, rkt by the key ID.
    encodeSubpacket(SUBPACKET.issuerFingerprint, Buffer.concat([Uint8Array.of(4), fingerprint])),
    encodeSubpacket(SUBPACKET.issuer, fingerprint.subarray(-8)),
    ...extraSubpackets,
  ]);
  const hashed = Buffer.concat([Uint8Array.of(4, type, RSA, SHA512), uint16(hashedArea.length), hashedArea]);
  hasher.update(hashed);
  hasher.update(Buffer.concat([Uint8Array.of(4, 0xff), uint32(hashed.length)]));
  const digest = hasher.digest();
  const padded = { key: signer.privateKey, padding: constants.RSA_PKCS1_PADDING };
  const signature = privateEncrypt(padded, Buffer.concat([SHA512_PREFIX, digest]));
  const unhashedArea = uint16(0);
  return encodePacket(
    TAG.signature,
    Buffer.concat([hashed, unhashedArea, digest.subarray(0, 2), encodeMpi(signature)]),
  );
}
