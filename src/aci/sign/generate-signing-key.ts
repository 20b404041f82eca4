import { generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import { armor } from "./openpgp-armor.ts";
import {
  encodeMpi,
  encodePacket,
  encodeSubpacket,
  keyHashInput,
  SUBPACKET,
  TAG,
  uint16,
  uint32,
} from "./openpgp-packets.ts";
import { SIGNATURE_TYPE, signaturePacket } from "./openpgp-signature.ts";

/** As GnuPG makes them today. */
const BITS = 3072;
const generate = promisify(generateKeyPair);

/** Makes an RSA key for signing, without a passphrase, as an armored private key file that GnuPG can import too. */
export async function generateSigningKey(userName: string, createdAt: Date): Promise<string> {
  const { privateKey } = await generate("rsa", { modulusLength: BITS, publicExponent: 0x10001 });
  const jwk = exportJwk(privateKey);
  const created = uint32(Math.floor(createdAt.getTime() / 1000));
  const publicBody = Buffer.concat([Uint8Array.of(4), created, Uint8Array.of(1), mpi(jwk, "n"), mpi(jwk, "e")]);
  // OpenPGP's p is a JWK's q: see importRsa in signing-key.ts.
  const secret = Buffer.concat([mpi(jwk, "d"), mpi(jwk, "q"), mpi(jwk, "p"), mpi(jwk, "qi")]);
  const checksum = secret.reduce((total, byte) => (total + byte) % 65536, 0);
  const secretBody = Buffer.concat([publicBody, Uint8Array.of(0), secret, uint16(checksum)]);
  return armor(
    "PRIVATE KEY BLOCK",
    Buffer.concat([
      encodePacket(TAG.secretKey, secretBody),
      encodePacket(TAG.userId, Buffer.from(userName)),
      certification(privateKey, publicBody, Buffer.from(userName), createdAt),
    ]),
  );
}

/** The key says of itself whose it is and what it is for. Source: RFC 4880, 5.2.4, "certification". */
function certification(
  privateKey: KeyObject,
  publicBody: Uint8Array,
  userName: Uint8Array,
  createdAt: Date,
): Uint8Array {
  const hasher = new Bun.CryptoHasher("sha512");
  hasher.update(keyHashInput(publicBody));
  hasher.update(Buffer.concat([Uint8Array.of(0xb4), uint32(userName.length), userName]));
  const subpackets = [
    encodeSubpacket(SUBPACKET.keyFlags, Uint8Array.of(0x03)), // certify, sign
    encodeSubpacket(SUBPACKET.preferredHashes, Uint8Array.of(10, 8)), // SHA-512, SHA-256
  ];
  return signaturePacket({ privateKey, publicBody }, SIGNATURE_TYPE.selfCertification, hasher, createdAt, subpackets);
}

function mpi(jwk: ReturnType<typeof exportJwk>, name: "n" | "e" | "d" | "p" | "q" | "qi"): Uint8Array {
  return encodeMpi(Buffer.from(jwk[name] ?? "", "base64url"));
}

function exportJwk(key: KeyObject) {
  return key.export({ format: "jwk" });
}
