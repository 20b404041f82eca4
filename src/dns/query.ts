/** Reads what a client asks. Source: RFC 1035, 4.1; RFC 6891, 6.1; RFC 9619 (one question, no more). */
import {
  HEADER_BYTES,
  type NameKey,
  outlineRecords,
  PLAIN_UDP_BYTES,
  RECORD_TYPE,
  RESPONSE_CODE,
  readNameKey,
  readU16,
} from "./wire.ts";

/** What a client says with an OPT record. */
type Edns = {
  readonly version: number;
  /** What it takes over UDP; at least 512. */
  readonly udpBytes: number;
  readonly dnssecOk: boolean;
};

/** A question, and how the client wants it answered. */
export type Query = {
  /** Header and question as they came, the name's letters in the case that the client chose. */
  readonly head: Uint8Array;
  readonly name: NameKey;
  readonly type: number;
  readonly class: number;
  readonly recursionDesired: boolean;
  readonly checkingDisabled: boolean;
  /** Null: the client does not speak EDNS. */
  readonly edns: Edns | null;
};

/** A message that came in: a query, one to answer with an error code alone, or nothing that wants an answer. */
export type Incoming =
  | { readonly kind: "query"; readonly query: Query }
  | { readonly kind: "rejected"; readonly responseCode: number }
  | { readonly kind: "ignored" };

/**
 * Reads any bytes, never throws. Answers and scraps of messages are ignored: a reply to them could go back and forth
 * for ever. `head` is a view into `bytes`.
 */
export function parseQuery(bytes: Uint8Array): Incoming {
  const [flags = 0, moreFlags = 0] = bytes.subarray(2, 4);
  if (bytes.length < HEADER_BYTES || (flags & 0x80) !== 0) return { kind: "ignored" };
  if ((flags & 0x78) !== 0) return { kind: "rejected", responseCode: RESPONSE_CODE.NOTIMP };
  const malformed: Incoming = { kind: "rejected", responseCode: RESPONSE_CODE.FORMERR };
  if (readU16(bytes, 4) !== 1) return malformed;
  const name = readNameKey(bytes, HEADER_BYTES);
  if (name === null) return malformed;
  const nameEnd = HEADER_BYTES + name.length;
  const questionEnd = nameEnd + 4;
  if (questionEnd > bytes.length) return malformed;
  const records = outlineRecords(bytes, questionEnd);
  const options = records?.filter(({ type }) => type === RECORD_TYPE.OPT);
  if (options === undefined || options.length > 1) return malformed;
  const [option] = options;
  if (option !== undefined && (option.section !== "additional" || bytes[option.start] !== 0)) return malformed;
  return {
    kind: "query",
    query: {
      head: bytes.subarray(0, questionEnd),
      name,
      type: readU16(bytes, nameEnd),
      class: readU16(bytes, nameEnd + 2),
      recursionDesired: (flags & 0x01) !== 0,
      checkingDisabled: (moreFlags & 0x10) !== 0,
      edns: option === undefined ? null : readEdns(bytes, option.ttlOffset),
    },
  };
}

/** OPT holds the size in its class, and extended code, version and flags in its time to live. */
function readEdns(bytes: Uint8Array, ttlOffset: number): Edns {
  return {
    version: bytes[ttlOffset + 1] ?? 0,
    udpBytes: Math.max(PLAIN_UDP_BYTES, readU16(bytes, ttlOffset - 2)),
    dnssecOk: ((bytes[ttlOffset + 2] ?? 0) & 0x80) !== 0,
  };
}
