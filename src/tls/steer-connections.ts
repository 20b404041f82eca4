/**
 * Which of two sockets that listen on one port gets the new connections? (Linux)
 *
 * With SO_REUSEPORT the kernel spreads them over both, and when one is closed, those that it had not accepted yet are
 * reset. A filter on the group of sockets can send all new ones to the second instead, so that the first runs dry and
 * can be closed without anybody noticing.
 *
 * Source: socket(7), SO_ATTACH_REUSEPORT_CBPF: the filter's result is the number of a socket, in the order in which they
 * started to listen; a number that does not exist falls back to spreading.
 */
import { FFIType, ptr } from "bun:ffi";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { openLibc } from "../lib/libc/open-libc.ts";

const SOL_SOCKET = 1;
const SO_ATTACH_REUSEPORT_CBPF = 51;
const BPF_RETURN_CONSTANT = 0x06;
/** State in /proc/net/tcp. */
const LISTENING = "0A";

/** This process' sockets, as file descriptors, that listen on `port`. Empty where /proc does not tell. */
export function findListeningSockets(port: number): ReadonlySet<number> {
  const sockets = new Set<number>();
  try {
    const inodes = readListeningInodes(port);
    for (const entry of readdirSync("/proc/self/fd")) {
      const inode = readInode(entry);
      if (inode !== null && inodes.has(inode)) sockets.add(Number(entry));
    }
  } catch {
    // No /proc: not Linux, or hidden by the container. The caller does without.
  }
  return sockets;
}

/**
 * Sends all new connections to the second of the sockets that share the port and address of `socket`.
 * Returns false where the system cannot do that: they are spread over both then.
 */
export function steerToSecondSocket(socket: number): boolean {
  const filter = new DataView(new ArrayBuffer(8));
  filter.setUint16(0, BPF_RETURN_CONSTANT, true);
  filter.setUint32(4, 1, true);
  const instructions = new Uint8Array(filter.buffer);
  // struct sock_fprog { unsigned short len; struct sock_filter *filter; } on a 64-bit machine
  const program = new DataView(new ArrayBuffer(16));
  program.setUint16(0, 1, true);
  program.setBigUint64(8, BigInt(ptr(instructions)), true);
  const bytes = new Uint8Array(program.buffer);
  libc ??= openSetsockopt();
  return libc?.setsockopt(socket, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, ptr(bytes), bytes.length) === 0;
}

let libc: ReturnType<typeof openSetsockopt> = null;

function openSetsockopt() {
  const { int, ptr: pointer, uint32_t } = FFIType;
  return openLibc({ setsockopt: { args: [int, int, int, pointer, uint32_t], returns: int } });
}

function readListeningInodes(port: number): ReadonlySet<string> {
  const inodes = new Set<string>();
  for (const family of ["tcp", "tcp6"]) {
    const lines = readFileSync(`/proc/self/net/${family}`, "latin1").split("\n").slice(1);
    for (const line of lines) {
      const [, local = "", , state, , , , , , inode = ""] = line.trim().split(/\s+/);
      if (state === LISTENING && Number.parseInt(local.slice(local.lastIndexOf(":") + 1), 16) === port) {
        inodes.add(inode);
      }
    }
  }
  return inodes;
}

function readInode(entry: string): string | null {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${entry}`))?.[1] ?? null;
  } catch {
    // Closed since the folder was listed.
    return null;
  }
}
