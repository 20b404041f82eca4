/**
 * The framing of OpenPGP: packets, subpackets and multiprecision integers. Only what keys and detached signatures of
 * version 4 need. Source: RFC 4880, sections 3.2, 4.2, 5.2.3.1.
 */
import { createHash } from "node:crypto";
import { AciError } from "../aci-error.ts";

/** Packet tags, section 4.3. */
export const TAG = { signature: 2, secretKey: 5, publicKey: 6, secretSubkey: 7, userId: 13, publicSubkey: 14 } as const;

/** Signature subpackets, section 5.2.3.1; 33 is of RFC 9580, 5.2.3.35. */
export const SUBPACKET = { created: 2, issuer: 16, preferredHashes: 21, keyFlags: 27, issuerFingerprint: 33 } as const;

/** A packet: what it is, and its body without the header. */
export type Packet = { readonly tag: number; readonly body: Uint8Array };

/** A packet with a header of the new format, section 4.2.2. */
export function encodePacket(tag: number, body: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(0xc0 | tag), encodeLength(body.length), body]);
}

/** Packets of both header formats. Throws AciError naming `where`. */
export function decodePackets(bytes: Uint8Array, where: string): Packet[] {
  const packets: Packet[] = [];
  const input = Buffer.from(bytes);
  for (let at = 0; at < input.length; ) {
    const { tag, start, length } = decodeHeader(input, at, where);
    if (start + length > input.length) throw new AciError(`${where} is cut short`);
    packets.push({ tag, body: input.subarray(start, start + length) });
    at = start + length;
  }
  return packets;
}

function decodeHeader(input: Buffer, at: number, where: string): { tag: number; start: number; length: number } {
  const first = input[at] ?? 0;
  const damaged = new AciError(`${where} is damaged: a packet's header is not valid`);
  if ((first & 0x80) === 0) throw damaged;
  if ((first & 0x40) !== 0) {
    const { length, size } = decodeLength(input, at + 1, where);
    return { tag: first & 0x3f, start: at + 1 + size, length };
  }
  const size = [1, 2, 4][first & 3];
  if (size === undefined || at + 1 + size > input.length) throw damaged;
  return { tag: (first >> 2) & 0xf, start: at + 1 + size, length: input.readUIntBE(at + 1, size) };
}

/** Lengths of packets and of subpackets are written alike; partial lengths are not for keys. */
function decodeLength(input: Buffer, at: number, where: string): { length: number; size: number } {
  const [first = 0, second = 0] = input.subarray(at, at + 2);
  if (first < 192) return { length: first, size: 1 };
  if (first < 224) return { length: ((first - 192) << 8) + second + 192, size: 2 };
  if (first === 255 && at + 5 <= input.length) return { length: input.readUInt32BE(at + 1), size: 5 };
  throw new AciError(`${where} is damaged: a length is not valid`);
}

function encodeLength(length: number): Uint8Array {
  if (length < 192) return Uint8Array.of(length);
  if (length < 8384) return Uint8Array.of(((length - 192) >> 8) + 192, (length - 192) & 0xff);
  return Buffer.concat([Uint8Array.of(0xff), uint32(length)]);
}

/** A subpacket of a signature, section 5.2.3.1. */
export function encodeSubpacket(type: number, body: Uint8Array): Uint8Array {
  return Buffer.concat([encodeLength(body.length + 1), Uint8Array.of(type), body]);
}

/** The subpackets of a type among those that a signature of version 4 has hashed. */
export function hashedSubpacket(signature: Uint8Array, type: number, where: string): Uint8Array | null {
  const area = Buffer.from(signature.subarray(6, 6 + Buffer.from(signature).readUInt16BE(4)));
  for (let at = 0; at < area.length; ) {
    const { length, size } = decodeLength(area, at, where);
    if (length < 1 || at + size + length > area.length)
      throw new AciError(`${where} is damaged: a signature is not valid`);
    if (((area[at + size] ?? 0) & 0x7f) === type) return area.subarray(at + size + 1, at + size + length);
    at += size + length;
  }
  return null;
}

/** A multiprecision integer: its length in bits, then its bytes without leading zeros. */
export function encodeMpi(bytes: Uint8Array): Uint8Array {
  const firstSet = bytes.findIndex((byte) => byte !== 0);
  const value = firstSet < 0 ? new Uint8Array() : bytes.subarray(firstSet);
  const bits = value.length === 0 ? 0 : 8 * value.length - Math.clz32(value[0] ?? 0) + 24;
  return Buffer.concat([uint16(bits), value]);
}

/** `count` multiprecision integers from `at` on, and where they end. */
export function decodeMpis(
  bytes: Uint8Array,
  at: number,
  count: number,
  where: string,
): { values: Uint8Array[]; end: number } {
  const input = Buffer.from(bytes);
  const values: Uint8Array[] = [];
  let end = at;
  for (let index = 0; index < count; index++) {
    const length = end + 2 > input.length ? Number.POSITIVE_INFINITY : (input.readUInt16BE(end) + 7) >> 3;
    if (end + 2 + length > input.length) throw new AciError(`${where} is cut short within a key`);
    values.push(input.subarray(end + 2, end + 2 + length));
    end += 2 + length;
  }
  return { values, end };
}

/** Two bytes, the high one first. */
export function uint16(value: number): Uint8Array {
  return Uint8Array.of(value >>> 8, value & 0xff);
}

/** Four bytes, the highest first. */
export function uint32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
}

/** What is hashed of a public key of version 4, for fingerprints and certifications. */
export function keyHashInput(publicBody: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(0x99), uint16(publicBody.length), publicBody]);
}

/** A key's fingerprint, 20 bytes; the last eight are its ID. */
export function fingerprintOf(publicBody: Uint8Array): Buffer {
  return createHash("sha1").update(keyHashInput(publicBody)).digest();
}
