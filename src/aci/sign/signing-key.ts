import { createPrivateKey, type KeyObject } from "node:crypto";
import { AciError } from "../aci-error.ts";
import { armor, unarmor } from "./openpgp-armor.ts";
import {
  decodeMpis,
  decodePackets,
  encodePacket,
  fingerprintOf,
  hashedSubpacket,
  type Packet,
  SUBPACKET,
  TAG,
} from "./openpgp-packets.ts";
import type { RsaSigner } from "./openpgp-signature.ts";

/** A key that ACIs are signed with. */
export type SigningKey = {
  readonly signer: RsaSigner;
  /** Of the primary key, which people compare: 40 hexadecimal digits. */
  readonly fingerprint: string;
  /** What clients trust: one armored key, with its names and subkeys. */
  readonly publicKey: string;
};

const MIN_BITS = 2048;
const CAN_SIGN = 0x02;

type KeyPacket = { readonly packet: Packet; readonly publicBody: Uint8Array; readonly canSign: boolean };

/**
 * Reads an armored private key file with one RSA key, without a passphrase: what `gpg --armor --export-secret-keys`
 * writes, and what `generateSigningKey` does. The first key in it that may sign is taken, the primary one before
 * subkeys. Throws AciError naming `where`, never with anything of the key in it.
 */
export function parseSigningKey(text: string, where: string): SigningKey {
  const packets = decodePackets(unarmor("PRIVATE KEY BLOCK", text, where), where);
  const keys = keysIn(packets, where);
  const [primary] = keys;
  if (primary === undefined || keys.filter(({ packet }) => packet.tag === TAG.secretKey).length !== 1) {
    throw new AciError(`${where} must hold exactly one private key`);
  }
  const problems: string[] = [];
  for (const key of keys.filter(({ canSign }) => canSign)) {
    const privateKey = privateKeyOf(key, where);
    if (typeof privateKey === "string") {
      problems.push(privateKey);
      continue;
    }
    return {
      signer: { privateKey, publicBody: key.publicBody },
      fingerprint: fingerprintOf(primary.publicBody).toString("hex"),
      publicKey: armor("PUBLIC KEY BLOCK", publicPackets(packets, keys)),
    };
  }
  throw new AciError(`${where} holds no key that can sign: ${problems.join("; ") || "none is marked for signing"}`);
}

function keysIn(packets: readonly Packet[], where: string): KeyPacket[] {
  return packets.flatMap((packet, index) => {
    if (packet.tag !== TAG.secretKey && packet.tag !== TAG.secretSubkey) return [];
    if (packet.body[0] !== 4)
      throw new AciError(`${where} holds a key of version ${packet.body[0]}; only 4 is supported`);
    return [{ packet, publicBody: publicBodyOf(packet, where), canSign: maySign(packets.slice(index + 1), where) }];
  });
}

/** The flags are in the signatures between a key and the next one. A key without flags may do all. */
function maySign(following: readonly Packet[], where: string): boolean {
  const next = following.findIndex(({ tag }) => tag === TAG.secretKey || tag === TAG.secretSubkey);
  const own = following.slice(0, next < 0 ? following.length : next);
  const flags = own
    .filter(({ tag, body }) => tag === TAG.signature && body[0] === 4 && body.length > 6)
    .map(({ body }) => hashedSubpacket(body, SUBPACKET.keyFlags, where))
    .filter((found) => found !== null);
  return flags.length === 0 || flags.some((found) => ((found[0] ?? 0) & CAN_SIGN) !== 0);
}

function isRsa(algorithm: number | undefined): boolean {
  return algorithm === 1 || algorithm === 3;
}

/** How many integers a public key has, by its algorithm; those on elliptic curves name the curve first. RFC 4880, 5.5.2. */
const PUBLIC_INTEGERS: Readonly<Record<number, number>> = { 1: 2, 2: 2, 3: 2, 16: 3, 17: 4, 18: 1, 19: 1, 22: 1 };
const ECDH = 18;

/** A secret key packet begins with the public one. Throws AciError for an algorithm that is not known. */
function publicBodyOf({ body }: Packet, where: string): Uint8Array {
  const algorithm = body[5] ?? 0;
  const integers = PUBLIC_INTEGERS[algorithm];
  if (integers === undefined) throw new AciError(`${where} holds a key of the unknown algorithm ${algorithm}`);
  const curveBytes = algorithm < ECDH ? 0 : 1 + (body[6] ?? 0);
  const { end } = decodeMpis(body, 6 + curveBytes, integers, where);
  return body.subarray(0, algorithm === ECDH ? end + 1 + (body[end] ?? 0) : end);
}

/** The key, or why it cannot be used. */
function privateKeyOf({ packet, publicBody }: KeyPacket, where: string): KeyObject | string {
  const { body } = packet;
  if (!isRsa(body[5])) return "it is not an RSA key, and rkt verifies no other kind";
  const protection = body[publicBody.length];
  if (protection !== 0) {
    return "it is protected by a passphrase, or left out; take the passphrase off (gpg --edit-key, passwd) and export it again";
  }
  const [n = new Uint8Array(), e = new Uint8Array()] = decodeMpis(body, 6, 2, where).values;
  if (8 * n.length < MIN_BITS) return `it has ${8 * n.length} bits, at least ${MIN_BITS} are needed`;
  const { values, end } = decodeMpis(body, publicBody.length + 1, 4, where);
  const sum = body.subarray(publicBody.length + 1, end).reduce((total, byte) => (total + byte) % 65536, 0);
  if (((body[end] ?? 0) << 8) + (body[end + 1] ?? 0) !== sum)
    throw new AciError(`${where} is damaged: a checksum is wrong`);
  return importRsa(n, e, values, where);
}

/** OpenPGP's `u` is the inverse of p modulo q, a JWK's `qi` that of q modulo p: their p is our q. */
function importRsa(n: Uint8Array, e: Uint8Array, secret: readonly Uint8Array[], where: string): KeyObject {
  const [d, q, p, qi] = secret;
  if (d === undefined || p === undefined || q === undefined || qi === undefined)
    throw new Error("four numbers were read");
  const exponent = (prime: Uint8Array) => base64(bigIntBytes(toBigInt(d) % (toBigInt(prime) - 1n)));
  try {
    const jwk = { kty: "RSA", n: base64(n), e: base64(e), d: base64(d), p: base64(p), q: base64(q), qi: base64(qi) };
    return createPrivateKey({ key: { ...jwk, dp: exponent(p), dq: exponent(q) }, format: "jwk" });
  } catch (cause) {
    throw new AciError(`${where} holds an RSA key whose numbers do not belong together`, { cause });
  }
}

function publicPackets(packets: readonly Packet[], keys: readonly KeyPacket[]): Uint8Array {
  return Buffer.concat(
    packets.flatMap((packet) => {
      const key = keys.find((candidate) => candidate.packet === packet);
      if (key === undefined) return [encodePacket(packet.tag, packet.body)];
      return [encodePacket(packet.tag === TAG.secretKey ? TAG.publicKey : TAG.publicSubkey, key.publicBody)];
    }),
  );
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}

function toBigInt(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString("hex") || "0"}`);
}

function bigIntBytes(value: bigint): Uint8Array {
  const hex = value.toString(16);
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex");
}
