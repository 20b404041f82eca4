/** Writes answers of larder's own. Source: RFC 1035, 4.1; RFC 6891, 6.1; RFC 8914, 2. */
import type { Query } from "./query.ts";
import {
  CLASS_IN,
  HEADER_BYTES,
  MAX_MESSAGE_BYTES,
  PLAIN_UDP_BYTES,
  RECORD_TYPE,
  SAFE_UDP_BYTES,
  writeU16,
  writeU32,
} from "./wire.ts";

/** A record of the name that was asked for. */
export type Record = { readonly type: number; readonly ttlSeconds: number; readonly data: Uint8Array };

/** An answer of larder itself, before it is written as bytes. */
export type Reply = {
  /** Twelve bits (RFC 6891, 6.1.3). */
  readonly responseCode: number;
  /** Does larder answer for this name itself? */
  readonly isAuthoritative: boolean;
  readonly answers: readonly Record[];
  readonly authorities: readonly Record[];
  /** Why there is no better answer (RFC 8914), for clients that speak EDNS; null: nothing to say. */
  readonly extendedError: number | null;
};

/** How a client asks; over UDP an answer has a limit. */
export type Transport = "udp" | "tcp";

/** Points to the name of the question. */
const QUESTION_NAME = 0xc000 | HEADER_BYTES;
const OPT_BYTES = 11;
const EXTENDED_ERROR_OPTION = 15;
const EXTENDED_ERROR_BYTES = 6;
const DNSSEC_OK = 0x8000;
/** Two bytes of name, type, class, time to live, length. */
const RECORD_HEAD_BYTES = 12;

/** How long an answer to `query` may be. */
export function limitFor(query: Query, transport: Transport): number {
  if (transport === "tcp") return MAX_MESSAGE_BYTES;
  return Math.min(query.edns?.udpBytes ?? PLAIN_UDP_BYTES, SAFE_UDP_BYTES);
}

/** The message that says `reply`; without its records, and marked as truncated, when it is longer than `limit` bytes. */
export function encodeReply(query: Query, reply: Reply, limit: number): Uint8Array {
  const bytes = encode(query, reply, false);
  return bytes.length <= limit ? bytes : encodeTruncated(query);
}

/** Tells the client to ask again over TCP. Never longer than the query. */
export function encodeTruncated(query: Query): Uint8Array {
  const empty = { responseCode: 0, isAuthoritative: false, answers: [], authorities: [], extendedError: null };
  return encode(query, empty, true);
}

/** The answer to a message that could not be read: its header alone, with the code. */
export function encodeRejection(bytes: Uint8Array, responseCode: number): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES);
  header.set(bytes.subarray(0, 4));
  header[2] = 0x80 | ((header[2] ?? 0) & 0x79);
  header[3] = responseCode;
  return header;
}

/** How many bytes the OPT record takes that `writeEdns` writes. */
export function ednsBytes(query: Query, extendedError: number | null): number {
  if (query.edns === null) return 0;
  return OPT_BYTES + (extendedError === null ? 0 : EXTENDED_ERROR_BYTES);
}

/** Writes the OPT record that goes with an answer to `query` at `offset`, if the client speaks EDNS. */
export function writeEdns(
  bytes: Uint8Array,
  offset: number,
  query: Query,
  responseCode: number,
  extendedError: number | null,
): void {
  if (query.edns === null) return;
  bytes[offset] = 0;
  writeU16(bytes, offset + 1, RECORD_TYPE.OPT);
  writeU16(bytes, offset + 3, SAFE_UDP_BYTES);
  bytes[offset + 5] = responseCode >>> 4;
  bytes[offset + 6] = 0;
  writeU16(bytes, offset + 7, query.edns.dnssecOk ? DNSSEC_OK : 0);
  writeU16(bytes, offset + 9, extendedError === null ? 0 : EXTENDED_ERROR_BYTES);
  if (extendedError === null) return;
  writeU16(bytes, offset + 11, EXTENDED_ERROR_OPTION);
  writeU16(bytes, offset + 13, 2);
  writeU16(bytes, offset + 15, extendedError);
}

function encode(query: Query, reply: Reply, isTruncated: boolean): Uint8Array {
  const records = [...reply.answers, ...reply.authorities];
  const recordBytes = records.reduce((sum, { data }) => sum + RECORD_HEAD_BYTES + data.length, 0);
  const { head } = query;
  const optOffset = head.length + recordBytes;
  const bytes = new Uint8Array(optOffset + ednsBytes(query, reply.extendedError));
  bytes.set(head);
  bytes[2] = 0x80 | (reply.isAuthoritative ? 0x04 : 0) | (isTruncated ? 0x02 : 0) | (query.recursionDesired ? 1 : 0);
  bytes[3] = 0x80 | (query.checkingDisabled ? 0x10 : 0) | (reply.responseCode & 0x0f);
  writeU16(bytes, 6, reply.answers.length);
  writeU16(bytes, 8, reply.authorities.length);
  writeU16(bytes, 10, query.edns === null ? 0 : 1);
  let offset = head.length;
  for (const record of records) offset = writeRecord(bytes, offset, record);
  writeEdns(bytes, optOffset, query, reply.responseCode, reply.extendedError);
  return bytes;
}

function writeRecord(bytes: Uint8Array, offset: number, { type, ttlSeconds, data }: Record): number {
  writeU16(bytes, offset, QUESTION_NAME);
  writeU16(bytes, offset + 2, type);
  writeU16(bytes, offset + 4, CLASS_IN);
  writeU32(bytes, offset + 6, ttlSeconds);
  writeU16(bytes, offset + 10, data.length);
  bytes.set(data, offset + RECORD_HEAD_BYTES);
  return offset + RECORD_HEAD_BYTES + data.length;
}
