/**
 * What larder answers by itself, and what it leaves to other servers. Pure.
 *
 * A host that is stood in for has addresses and nothing else: a HTTPS record of the real one (RFC 9460) would lead the
 * client past larder, and so would its IPv6 address where larder has none.
 */
import ipaddr from "ipaddr.js";
import type { Query } from "./query.ts";
import type { Record, Reply } from "./reply.ts";
import {
  CLASS_IN,
  EXTENDED_ERROR,
  type NameKey,
  nameKeyOf,
  RECORD_TYPE,
  RESPONSE_CODE,
  writeU16,
  writeU32,
} from "./wire.ts";

/** The names that larder answers for. */
export type Zone = {
  /** Hosts without the dot at the end, each for itself: the names below it are not meant. */
  readonly names: Iterable<string>;
  /** What they resolve to, IPv4 or IPv6; empty: the address of the interface that the query came in on. */
  readonly addresses: readonly string[];
};

/** Addresses as records hold them. */
export type AddressData = { readonly ipv4: readonly Uint8Array[]; readonly ipv6: readonly Uint8Array[] };

/** A zone made ready for many questions. */
export type CompiledZone = { readonly names: ReadonlySet<NameKey>; readonly addresses: AddressData | null };

/** After a move of larder, its clients find it again within a minute. */
const TTL_SECONDS = 60;
/** Types from here to 255 ask for something else than records (RFC 6895, 3.1). */
const FIRST_META_TYPE = 128;

/** Names that cannot be in DNS are left out: nobody can ask for them. */
export function compileZone({ names, addresses }: Zone): CompiledZone {
  const keys = [...names].map(nameKeyOf).filter((key) => key !== null);
  return { names: new Set(keys), addresses: addresses.length === 0 ? null : addressData(addresses) };
}

/** Sorts addresses by family. Zones (`%eth0`) have no place in a record. */
export function addressData(addresses: readonly string[]): AddressData {
  const parsed = addresses.map((address) => ipaddr.process(address.replace(/%.*$/, "")));
  const ofKind = (kind: "ipv4" | "ipv6") =>
    parsed.filter((address) => address.kind() === kind).map((address) => new Uint8Array(address.toByteArray()));
  return { ipv4: ofKind("ipv4"), ipv6: ofKind("ipv6") };
}

/** An answer without records. */
export function emptyReply(responseCode: number, extendedError: number | null): Reply {
  return { responseCode, isAuthoritative: false, answers: [], authorities: [], extendedError };
}

/**
 * The answer to `query`, or null when other servers have to be asked. `local` are the addresses of the interface that
 * it came in on.
 */
export function answerQuery(query: Query, zone: CompiledZone, local: AddressData): Reply | null {
  const { type } = query;
  if ((query.edns?.version ?? 0) > 0) return emptyReply(RESPONSE_CODE.BADVERS, null);
  if (query.class !== CLASS_IN) return emptyReply(RESPONSE_CODE.REFUSED, EXTENDED_ERROR.NOT_SUPPORTED);
  if (type === RECORD_TYPE.AXFR || type === RECORD_TYPE.IXFR) {
    return emptyReply(RESPONSE_CODE.REFUSED, EXTENDED_ERROR.PROHIBITED);
  }
  if (zone.names.has(query.name)) return answerForHost(type, zone.addresses ?? local);
  if (type === RECORD_TYPE.OPT || (type >= FIRST_META_TYPE && type <= RECORD_TYPE.ANY)) {
    // ANY gets the attention of attackers, who want long answers, and of nobody else (RFC 8482).
    return emptyReply(RESPONSE_CODE.NOTIMP, EXTENDED_ERROR.NOT_SUPPORTED);
  }
  // A client that wants no recursion asks for what larder itself knows: of other names, nothing.
  return query.recursionDesired ? null : emptyReply(RESPONSE_CODE.REFUSED, EXTENDED_ERROR.NOT_AUTHORITATIVE);
}

function answerForHost(type: number, { ipv4, ipv6 }: AddressData): Reply {
  const records = (recordType: number, addresses: readonly Uint8Array[]): readonly Record[] =>
    type === recordType || type === RECORD_TYPE.ANY
      ? addresses.map((data) => ({ type: recordType, ttlSeconds: TTL_SECONDS, data }))
      : [];
  const answers = [...records(RECORD_TYPE.A, ipv4), ...records(RECORD_TYPE.AAAA, ipv6)];
  return {
    responseCode: RESPONSE_CODE.NOERROR,
    isAuthoritative: true,
    answers,
    // Without it clients may not remember that there is nothing (RFC 2308, 5).
    authorities: answers.length > 0 ? [] : [START_OF_AUTHORITY],
    extendedError: null,
  };
}

/** RFC 1035, 3.3.13: server, mailbox (both the root: there are none), serial, refresh, retry, expire, minimum. */
const START_OF_AUTHORITY: Record = {
  type: RECORD_TYPE.SOA,
  ttlSeconds: TTL_SECONDS,
  data: startOfAuthority([1, 3600, 600, 86_400, TTL_SECONDS]),
};

function startOfAuthority(numbers: readonly number[]): Uint8Array {
  const data = new Uint8Array(2 + 4 * numbers.length);
  writeU16(data, 0, 0);
  numbers.forEach((number, index) => {
    writeU32(data, 2 + 4 * index, number);
  });
  return data;
}
