/**
 * Asks the kernel for one TCP socket of this machine by both its ends. That costs the same however many there are, and
 * the answer is true at that moment, which `/proc/net/tcp` is not: it takes long to read, and sockets come and go
 * meanwhile.
 *
 * Source: sock_diag(7), netlink(7); linux/inet_diag.h. Numbers are in the machine's byte order, which has the lowest byte
 * first wherever larder runs, but ports and addresses in the network's:
 *
 *     request   nlmsghdr { len u32, type u16, flags u16, seq u32, pid u32 }
 *               inet_diag_req_v2 { family u8, protocol u8, ext u8, pad u8, states u32, sockid }
 *     answer    nlmsghdr
 *               inet_diag_msg { family u8, state u8, timer u8, retrans u8, sockid, expires, rqueue, wqueue, uid, inode: u32 }
 *     and then attributes { len u16, type u16, … }, of which INET_DIAG_INFO is a struct tcp_info
 *     sockid    { sport u16, dport u16, src [16], dst [16], interface u32, cookie u32[2] }
 */
import { FFIType, ptr } from "bun:ffi";
import { openLibc } from "../lib/libc/open-libc.ts";
import type { IpAddress } from "../lib/net/ip-address.ts";
import type { Endpoint } from "./socket-owner.ts";

const AF_INET = 2;
const AF_INET6 = 10;
const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 0o2000003;
const NETLINK_SOCK_DIAG = 4;
const SOCK_DIAG_BY_FAMILY = 20;
const NLMSG_ERROR = 2;
const NLM_F_REQUEST = 1;
const IPPROTO_TCP = 6;
const MSG_DONTWAIT = 0x40;
const ANY = 0xffffffff;
const ENOENT = 2;

const HEADER_BYTES = 16;
const REQUEST_BYTES = 72;
const ANSWER_BYTES = HEADER_BYTES + 72;
const LISTENING = 10;
const INET_DIAG_INFO = 2;
const ATTRIBUTE_HEADER_BYTES = 4;
/** Where `tcpi_bytes_acked` stands in a struct tcp_info, since Linux 4.1. */
const BYTES_ACKED_AT = 120;
/** Answers to questions that were given up; there cannot be many. */
const MAX_STALE_ANSWERS = 16;

/** A socket as the kernel tells of it. `inode` is 0 when its program has let go of it. */
export type KernelSocket = { readonly state: number; readonly uid: number; readonly inode: number };

/** How far a connection has come. */
type SentBytes = {
  /** What the other end has acknowledged since the connection was made. */
  readonly acknowledged: number;
  /** What is written and not acknowledged yet. */
  readonly pending: number;
  readonly state: number;
};

/** The state of a socket neither end of which has been closed. */
export const ESTABLISHED = 1;

/** Finds sockets by their ends. */
export interface SocketDiagnosis {
  /** The socket at `near` whose other end is `far`; null when there is none, `unknown` where the kernel does not answer. */
  find(near: Endpoint, far: Endpoint): KernelSocket | null | "unknown";
}

/** Tells how far connections have come. */
export interface SentBytesSource {
  /** How much the socket at `near` has sent to `far`; null and `unknown` as in `SocketDiagnosis`. */
  sent(near: Endpoint, far: Endpoint): SentBytes | null | "unknown";
}

/** Begins to ask; null where that cannot be done: another system, or one that forbids it. Kept for the process' life. */
export function openSocketDiagnosis(): (SocketDiagnosis & SentBytesSource) | null {
  const libc = openLibrary();
  if (libc === null) return null;
  const socket = libc.socket(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_SOCK_DIAG);
  return socket < 0 ? null : new NetlinkDiagnosis(libc, socket);
}

class NetlinkDiagnosis implements SocketDiagnosis, SentBytesSource {
  readonly #libc: Library;
  readonly #socket: number;
  readonly #request = new DataView(new ArrayBuffer(REQUEST_BYTES));
  readonly #answer = new DataView(new ArrayBuffer(4096));
  #sequence = 0;

  constructor(libc: Library, socket: number) {
    this.#libc = libc;
    this.#socket = socket;
  }

  find(near: Endpoint, far: Endpoint): KernelSocket | null | "unknown" {
    const length = this.#ask(near, far, 0);
    if (length === null || length === "unknown") return length;
    const answer = this.#answer;
    const state = answer.getUint8(HEADER_BYTES + 1);
    return { state, uid: answer.getUint32(HEADER_BYTES + 64, true), inode: answer.getUint32(HEADER_BYTES + 68, true) };
  }

  sent(near: Endpoint, far: Endpoint): SentBytes | null | "unknown" {
    const length = this.#ask(near, far, 1 << (INET_DIAG_INFO - 1));
    if (length === null || length === "unknown") return length;
    const answer = this.#answer;
    const info = this.#attributeAt(INET_DIAG_INFO, length);
    if (info === null || info + BYTES_ACKED_AT + 8 > length) return "unknown";
    return {
      acknowledged: Number(answer.getBigUint64(info + BYTES_ACKED_AT, true)),
      pending: answer.getUint32(HEADER_BYTES + 60, true),
      state: answer.getUint8(HEADER_BYTES + 1),
    };
  }

  /** Asks for a socket, and for what `extensions` names of it. The answer's length; null and `unknown` as `find`. */
  #ask(near: Endpoint, far: Endpoint, extensions: number): number | null | "unknown" {
    this.#sequence = (this.#sequence + 1) >>> 0;
    this.#write(near, far, extensions);
    const bytes = new Uint8Array(this.#request.buffer);
    if (Number(this.#libc.send(this.#socket, ptr(bytes), bytes.length, MSG_DONTWAIT)) !== bytes.length)
      return "unknown";
    // The kernel has answered when `send` returns.
    for (let stale = 0; stale < MAX_STALE_ANSWERS; stale++) {
      const buffer = new Uint8Array(this.#answer.buffer);
      const length = Number(this.#libc.recv(this.#socket, ptr(buffer), buffer.length, MSG_DONTWAIT));
      if (length < HEADER_BYTES + 4) return "unknown";
      if (this.#answer.getUint32(8, true) === this.#sequence) return this.#read(length, far.port);
    }
    return "unknown";
  }

  #write(near: Endpoint, far: Endpoint, extensions: number): void {
    const request = this.#request;
    request.setUint32(0, REQUEST_BYTES, true);
    request.setUint16(4, SOCK_DIAG_BY_FAMILY, true);
    request.setUint16(6, NLM_F_REQUEST, true);
    request.setUint32(8, this.#sequence, true);
    request.setUint8(16, near.address.kind() === "ipv4" ? AF_INET : AF_INET6);
    request.setUint8(17, IPPROTO_TCP);
    request.setUint8(18, extensions);
    request.setUint32(20, ANY, true);
    request.setUint16(24, near.port);
    request.setUint16(26, far.port);
    writeAddress(request, 28, near.address);
    writeAddress(request, 44, far.address);
    request.setUint32(64, ANY, true);
    request.setUint32(68, ANY, true);
  }

  #read(length: number, farPort: number): number | null | "unknown" {
    const answer = this.#answer;
    const type = answer.getUint16(4, true);
    if (type === NLMSG_ERROR) return answer.getInt32(HEADER_BYTES, true) === -ENOENT ? null : "unknown";
    if (type !== SOCK_DIAG_BY_FAMILY || length < ANSWER_BYTES) return "unknown";
    // Without a connection, the kernel gives the socket that listens at the near end.
    const isListening = answer.getUint8(HEADER_BYTES + 1) === LISTENING;
    return isListening || answer.getUint16(HEADER_BYTES + 6) !== farPort ? null : length;
  }

  /** Where the content of an attribute begins; null: there is none. */
  #attributeAt(wanted: number, length: number): number | null {
    for (let at = ANSWER_BYTES; at + ATTRIBUTE_HEADER_BYTES <= length; ) {
      const size = this.#answer.getUint16(at, true);
      if (size < ATTRIBUTE_HEADER_BYTES) return null;
      if (this.#answer.getUint16(at + 2, true) === wanted) return at + ATTRIBUTE_HEADER_BYTES;
      at += (size + 3) & ~3;
    }
    return null;
  }
}

/** The kernel looks for an IPv4 connection of an IPv6 socket under its IPv4 addresses, too. */
function writeAddress(view: DataView, at: number, address: IpAddress): void {
  const bytes = address.toByteArray();
  for (let index = 0; index < 16; index++) view.setUint8(at + index, bytes[index] ?? 0);
}

type Library = NonNullable<ReturnType<typeof openLibrary>>;

function openLibrary() {
  const { int, ptr: pointer, uint64_t, int64_t } = FFIType;
  const transfer = { args: [int, pointer, uint64_t, int], returns: int64_t } as const;
  const signatures = { socket: { args: [int, int, int], returns: int }, send: transfer, recv: transfer } as const;
  return openLibc(signatures);
}
