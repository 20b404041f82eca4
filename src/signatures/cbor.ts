import { SignatureRejected } from "./signature.ts";

/** A value of CBOR, as COSE uses it. Maps keep their keys as they are: integers and texts. */
export type Cbor =
  | number
  | string
  | boolean
  | null
  | Uint8Array
  | readonly Cbor[]
  | Map<number | string, Cbor>
  | CborTag;

/** A tagged value, such as a date. */
export class CborTag {
  readonly tag: number;
  readonly value: Cbor;

  constructor(tag: number, value: Cbor) {
    this.tag = tag;
    this.value = value;
  }
}

const DEPTH_LIMIT = 8;
const ENTRIES_LIMIT = 1000;

/**
 * Reads one value of CBOR, and nothing behind it: what COSE needs, with lengths that are said beforehand. Throws
 * `SignatureRejected` for the rest. Source: RFC 8949.
 */
export function readCbor(bytes: Uint8Array): Cbor {
  const reader = new Reader(bytes);
  const value = reader.read(0);
  if (!reader.isAtEnd) throw unreadable();
  return value;
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.byteLength;
  }

  read(depth: number): Cbor {
    if (depth > DEPTH_LIMIT) throw unreadable();
    const first = this.#bytesOf(1)[0] ?? 0;
    const [major, info] = [first >> 5, first & 0x1f];
    if (major === 7) return simpleValue(info);
    const argument = this.#argument(info);
    switch (major) {
      case 0:
        return argument;
      case 1:
        return -1 - argument;
      case 2:
        return this.#bytesOf(argument);
      case 3:
        return decodeText(this.#bytesOf(argument));
      case 4:
        return Array.from({ length: entries(argument) }, () => this.read(depth + 1));
      case 5:
        return this.#map(entries(argument), depth);
      default:
        return new CborTag(argument, this.read(depth + 1));
    }
  }

  #map(size: number, depth: number): Map<number | string, Cbor> {
    const map = new Map<number | string, Cbor>();
    for (let at = 0; at < size; at++) {
      const key = this.read(depth + 1);
      // A key that stands there twice would be read differently by each reader.
      if ((typeof key !== "number" && typeof key !== "string") || map.has(key)) throw unreadable();
      map.set(key, this.read(depth + 1));
    }
    return map;
  }

  #argument(info: number): number {
    if (info < 24) return info;
    const width = [1, 2, 4, 8][info - 24];
    if (width === undefined) throw unreadable();
    const at = this.#at;
    this.#bytesOf(width);
    if (width === 1) return this.#view.getUint8(at);
    if (width === 2) return this.#view.getUint16(at);
    if (width === 4) return this.#view.getUint32(at);
    const large = this.#view.getBigUint64(at);
    if (large > BigInt(Number.MAX_SAFE_INTEGER)) throw unreadable();
    return Number(large);
  }

  #bytesOf(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.byteLength) throw unreadable();
    const found = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return found;
  }
}

/** A value of bytes as CBOR writes it. */
export function writeCborBytes(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([cborHead(2, bytes.byteLength), bytes]);
}

/** A text as CBOR writes it. */
export function writeCborText(text: string): Uint8Array {
  const bytes = Buffer.from(text);
  return Buffer.concat([cborHead(3, bytes.byteLength), bytes]);
}

/** The beginning of a list of so many values. */
export function writeCborListHead(length: number): Uint8Array {
  return cborHead(4, length);
}

function cborHead(major: number, argument: number): Buffer {
  if (argument < 24) return Buffer.from([(major << 5) | argument]);
  if (argument < 0x1_00) return Buffer.from([(major << 5) | 24, argument]);
  if (argument < 0x1_00_00) return Buffer.from([(major << 5) | 25, argument >> 8, argument & 0xff]);
  const head = Buffer.alloc(5);
  head[0] = (major << 5) | 26;
  head.writeUInt32BE(argument, 1);
  return head;
}

function entries(count: number): number {
  if (count > ENTRIES_LIMIT) throw unreadable();
  return count;
}

function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw unreadable();
  }
}

function simpleValue(info: number): Cbor {
  if (info === 20 || info === 21) return info === 21;
  if (info === 22) return null;
  throw unreadable();
}

function unreadable(): SignatureRejected {
  return new SignatureRejected("cannot be read: it is not CBOR as COSE has it");
}
