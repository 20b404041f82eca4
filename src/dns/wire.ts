/**
 * The parts of a DNS message that larder reads, and numbers that it writes.
 *
 * ```
 *  0  id                     u16
 *  2  QR opcode AA TC RD     u8      QR 0x80, opcode 0x78, AA 0x04, TC 0x02, RD 0x01
 *  3  RA Z AD CD rcode       u8      RA 0x80, AD 0x20, CD 0x10, rcode 0x0f
 *  4  questions, answers, authorities, additionals: how many, u16 each
 * 12  question: name, type u16, class u16
 *     records: name, type u16, class u16, ttl u32, length u16, data
 * ```
 *
 * Messages of other servers are passed on as the bytes that they are, so this reads only the outlines: libraries turn
 * names into text and back, and lose labels that hold dots or bytes that are not UTF-8.
 *
 * Source: RFC 1035, 4.1; RFC 6891, 6.1 (EDNS); RFC 2181, 8 (times to live); RFC 8914, 4 (extended errors).
 */

/** The header of a message, up to its question. */
export const HEADER_BYTES = 12;
/** A message over TCP has a length of two bytes before it. */
export const MAX_MESSAGE_BYTES = 65_535;
/** What a client takes over UDP when it does not say more (RFC 1035, 4.2.1). */
export const PLAIN_UDP_BYTES = 512;
/** What fits into one packet on every network (RFC 9715, 3.2). */
export const SAFE_UDP_BYTES = 1232;

/** The internet, the only class in use. */
export const CLASS_IN = 1;
/** Types of records that larder treats in a way of their own (IANA, "DNS Resource Record Types"). */
export const RECORD_TYPE = { A: 1, SOA: 6, AAAA: 28, OPT: 41, IXFR: 251, AXFR: 252, ANY: 255 } as const;
/** Response codes (IANA, "DNS RCODEs"). */
export const RESPONSE_CODE = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  BADVERS: 16,
} as const;
/** Reasons for a response code, for clients that speak EDNS (RFC 8914, 4). */
export const EXTENDED_ERROR = { PROHIBITED: 18, NOT_AUTHORITATIVE: 20, NOT_SUPPORTED: 21, NETWORK_ERROR: 23 } as const;

/** A name as it stands in a message, its letters in lower case, as a string of bytes: equal names have equal keys. */
export type NameKey = string;

/** Offsets into the message that a record was found in. */
export type RecordOutline = {
  readonly section: "answer" | "authority" | "additional";
  readonly start: number;
  readonly type: number;
  /** The place of the time to live, a u32. For OPT it holds flags instead. */
  readonly ttlOffset: number;
  readonly dataStart: number;
  /** Also the end of the record. */
  readonly end: number;
};

/** The number in two bytes, the high one first. Bytes past the end count as 0. */
export function readU16(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
}

/** The number in four bytes, the highest first. Bytes past the end count as 0. */
export function readU32(bytes: Uint8Array, offset: number): number {
  return readU16(bytes, offset) * 65_536 + readU16(bytes, offset + 2);
}

/** Writes a number into two bytes, the high one first. */
export function writeU16(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 8;
  bytes[offset + 1] = value;
}

/** Writes a number into four bytes, the highest first. */
export function writeU32(bytes: Uint8Array, offset: number, value: number): void {
  writeU16(bytes, offset, value >>> 16);
  writeU16(bytes, offset + 2, value);
}

const MAX_NAME_BYTES = 255;
const MAX_LABEL_BYTES = 63;
const scratch = Buffer.alloc(MAX_NAME_BYTES);

/** The key of the uncompressed name at `offset`, whose length is the key's; null when there is no such name. */
export function readNameKey(bytes: Uint8Array, offset: number): NameKey | null {
  let length = 0;
  for (;;) {
    const labelBytes = bytes[offset + length];
    if (labelBytes === undefined || labelBytes > MAX_LABEL_BYTES) return null;
    const next = length + 1 + labelBytes;
    // A label needs the root's empty label behind it.
    if (next > MAX_NAME_BYTES || offset + next > bytes.length) return null;
    scratch[length++] = labelBytes;
    while (length < next) {
      const byte = bytes[offset + length] ?? 0;
      scratch[length++] = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
    }
    if (labelBytes === 0) return scratch.toString("latin1", 0, length);
  }
}

/** The key of a host name as people write it, with or without the dot at the end; null when it cannot be in DNS. */
export function nameKeyOf(text: string): NameKey | null {
  const labels = text.replace(/\.$/, "").toLowerCase().split(".");
  const fits = labels.every((label) => label.length > 0 && label.length <= MAX_LABEL_BYTES && isPlainAscii(label));
  const key = `${labels.map((label) => String.fromCharCode(label.length) + label).join("")}\0`;
  return fits && key.length <= MAX_NAME_BYTES ? key : null;
}

function isPlainAscii(label: string): boolean {
  return /^[!-~]*$/.test(label);
}

/**
 * The outlines of all records behind the question, which ends at `questionEnd`; null when they are not what the header
 * says. Compression pointers are checked to point backwards and never followed, so there is nothing to loop in.
 */
export function outlineRecords(bytes: Uint8Array, questionEnd: number): readonly RecordOutline[] | null {
  const records: RecordOutline[] = [];
  let offset = questionEnd;
  for (const [section, countOffset] of [
    ["answer", 6],
    ["authority", 8],
    ["additional", 10],
  ] as const) {
    for (let left = readU16(bytes, countOffset); left > 0; left--) {
      const nameEnd = skipName(bytes, offset);
      if (nameEnd === null || nameEnd + 10 > bytes.length) return null;
      const dataStart = nameEnd + 10;
      const end = dataStart + readU16(bytes, nameEnd + 8);
      if (end > bytes.length) return null;
      const type = readU16(bytes, nameEnd);
      records.push({ section, start: offset, type, ttlOffset: nameEnd + 4, dataStart, end });
      offset = end;
    }
  }
  return records;
}

/** Where the name at `start`, compressed or not, ends; null when it is none. */
function skipName(bytes: Uint8Array, start: number): number | null {
  for (let offset = start; offset - start < MAX_NAME_BYTES; ) {
    const byte = bytes[offset];
    if (byte === undefined) return null;
    if (byte === 0) return offset + 1;
    if (byte >= 0xc0) {
      const target = readU16(bytes, offset) & 0x3fff;
      return target >= HEADER_BYTES && target < offset && offset + 2 <= bytes.length ? offset + 2 : null;
    }
    if (byte > MAX_LABEL_BYTES) return null;
    offset += 1 + byte;
  }
  return null;
}
