/**
 * A response of another server, ready to be given to many clients.
 *
 * It is kept as the bytes that came, without the OPT record, which is between us and that server. For each client the
 * id, the flags, the question's letter case and the times to live are written over a copy.
 */
import type { Query } from "./query.ts";
import { encodeTruncated, ednsBytes, writeEdns } from "./reply.ts";
import {
  HEADER_BYTES,
  MAX_MESSAGE_BYTES,
  outlineRecords,
  type RecordOutline,
  RECORD_TYPE,
  RESPONSE_CODE,
  readNameKey,
  readU16,
  readU32,
  writeU16,
  writeU32,
} from "./wire.ts";

/** The answer of another server, ready to be passed on: `ttlOffsets` are where its times to live stand. */
export type ForwardedResponse = {
  readonly bytes: Uint8Array;
  readonly ttlOffsets: readonly number[];
  /** Twelve bits. */
  readonly responseCode: number;
  /** How long it may be kept; 0: not at all. */
  readonly lifetimeSeconds: number;
};

const MAX_LIFETIME_SECONDS = 86_400;
/** RFC 2308, 5, recommends one to three hours at most. */
const MAX_NEGATIVE_SECONDS = 3_600;
/** RFC 9520, 3.2: failures have to be remembered too, or every client's retry goes upstream. */
const FAILURE_SECONDS = 2;

/** Reads a message that answers a question of `questionEnd - 12` bytes; null when it is malformed. */
export function readForwardedResponse(message: Uint8Array, questionEnd: number): ForwardedResponse | null {
  const records = outlineRecords(message, questionEnd);
  if (records === null) return null;
  const opt = records.findIndex(({ type }) => type === RECORD_TYPE.OPT);
  // What follows OPT goes with it: names behind could point to names behind. It is the last record by custom.
  const kept = opt < 0 ? records : records.slice(0, opt);
  const option = records[opt];
  if (option !== undefined && option.section !== "additional") return null;
  const bytes = message.slice(0, kept.at(-1)?.end ?? questionEnd);
  writeU16(bytes, 10, kept.filter(({ section }) => section === "additional").length);
  const extended = option === undefined ? 0 : (message[option.ttlOffset] ?? 0);
  const responseCode = (extended << 4) | ((message[3] ?? 0) & 0x0f);
  return {
    bytes,
    ttlOffsets: kept.map(({ ttlOffset }) => ttlOffset),
    responseCode,
    lifetimeSeconds: lifetimeOf(bytes, kept, responseCode),
  };
}

/** The message for the client that sent `query`, `ageSeconds` after the response came. */
export function personalise(
  response: ForwardedResponse,
  query: Query,
  ageSeconds: number,
  limit: number,
  extendedError: number | null = null,
): Uint8Array {
  const optOffset = response.bytes.length;
  const length = optOffset + ednsBytes(query, extendedError);
  if (length > Math.min(limit, MAX_MESSAGE_BYTES)) return encodeTruncated(query);
  const bytes = new Uint8Array(length);
  bytes.set(response.bytes);
  bytes.set(query.head.subarray(0, 2));
  bytes.set(query.head.subarray(HEADER_BYTES), HEADER_BYTES);
  // Neither authoritative nor validated by us.
  bytes[2] = 0x80 | (query.recursionDesired ? 1 : 0);
  bytes[3] = 0x80 | (query.checkingDisabled ? 0x10 : 0) | (response.responseCode & 0x0f);
  for (const offset of response.ttlOffsets) {
    writeU32(bytes, offset, Math.max(0, clampTtl(readU32(bytes, offset)) - ageSeconds));
  }
  if (query.edns !== null) writeU16(bytes, 10, readU16(bytes, 10) + 1);
  writeEdns(bytes, optOffset, query, response.responseCode, extendedError);
  return bytes;
}

/** Does `message` answer the question in `head`, the head of the query that was sent? */
export function answersQuestion(message: Uint8Array, head: Uint8Array): boolean {
  const isResponse = ((message[2] ?? 0) & 0xf8) === 0x80;
  if (!isResponse || readU16(message, 0) !== readU16(head, 0) || readU16(message, 4) !== 1) return false;
  const key = readNameKey(message, HEADER_BYTES);
  if (key === null || key !== readNameKey(head, HEADER_BYTES)) return false;
  const nameEnd = HEADER_BYTES + key.length;
  return message.length >= nameEnd + 4 && readU32(message, nameEnd) === readU32(head, nameEnd);
}

function lifetimeOf(bytes: Uint8Array, records: readonly RecordOutline[], responseCode: number): number {
  if (responseCode === RESPONSE_CODE.SERVFAIL) return FAILURE_SECONDS;
  if (responseCode !== RESPONSE_CODE.NOERROR && responseCode !== RESPONSE_CODE.NXDOMAIN) return 0;
  const ttlOf = ({ ttlOffset }: RecordOutline) => clampTtl(readU32(bytes, ttlOffset));
  const answers = records.filter(({ section }) => section === "answer").map(ttlOf);
  // A start of authority there says that what was asked for is not (RFC 2308, 2), and for how long: its last number.
  const negative = records
    .filter(
      ({ section, type, dataStart, end }) =>
        section === "authority" && type === RECORD_TYPE.SOA && end - dataStart >= 22,
    )
    .map((record) => Math.min(ttlOf(record), readU32(bytes, record.end - 4), MAX_NEGATIVE_SECONDS));
  const lifetimes = [...answers, ...negative];
  return lifetimes.length === 0 ? 0 : Math.min(...lifetimes, MAX_LIFETIME_SECONDS);
}

/** Those with the highest bit set mean 0 (RFC 2181, 8). */
function clampTtl(ttl: number): number {
  return ttl > 0x7fff_ffff ? 0 : ttl;
}
