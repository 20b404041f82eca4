/**
 * The socket at which a service manager hears from its services. The runtime has no datagrams over Unix sockets, so the C
 * library is called: this file is loaded where there is such a socket alone.
 *
 * Source: sd_notify(3) of systemd 252; unix(7). `struct sockaddr_un { u16 family; char path[108]; }`: a path ends with a zero, an
 * abstract name begins with one and goes as far as the length that is told.
 */
import { FFIType, ptr } from "bun:ffi";
import { openLibc } from "../libc/open-libc.ts";

const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 0o2000002;
const MSG_NOSIGNAL = 0x4000;
const CLOCK_MONOTONIC = 1;
const PATH_BYTES = 108;

/** Tells a service manager of this process. */
export interface NotifySocket {
  /** Sends assignments, a line each: `READY=1`. False when nobody takes them. */
  send(lines: readonly string[]): boolean;
  /** Microseconds on the clock that the manager compares with (CLOCK_MONOTONIC). */
  monotonicMicros(): bigint;
}

/** Opens the way to the socket that NOTIFY_SOCKET names, `/PATH` or `@NAME`; null where that cannot be done. */
export function openNotifySocket(name: string): NotifySocket | null {
  const address = addressOf(name);
  const libc = address === null ? null : openLibrary();
  if (address === null || libc === null) return null;
  const socket = libc.socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
  if (socket < 0) return null;
  return {
    send: (lines) => {
      const bytes = Buffer.from(lines.join("\n"));
      const sent = libc.sendto(socket, ptr(bytes), bytes.length, MSG_NOSIGNAL, ptr(address), address.length);
      return Number(sent) === bytes.length;
    },
    monotonicMicros: () => {
      const time = new BigInt64Array(2);
      libc.clock_gettime(CLOCK_MONOTONIC, ptr(time));
      return (time[0] ?? 0n) * 1_000_000n + (time[1] ?? 0n) / 1000n;
    },
  };
}

/** Null when it is no name of a Unix socket (`vsock:…`), or too long for one. */
function addressOf(name: string): Uint8Array | null {
  const isAbstract = name.startsWith("@");
  const path = Buffer.from(isAbstract ? `\0${name.slice(1)}` : `${name}\0`);
  if (!(isAbstract || name.startsWith("/")) || path.length < 2 || path.length > PATH_BYTES) return null;
  const address = new Uint8Array(2 + path.length);
  new DataView(address.buffer).setUint16(0, AF_UNIX, true);
  address.set(path, 2);
  return address;
}

function openLibrary() {
  const { int, ptr: pointer, uint32_t, uint64_t, int64_t } = FFIType;
  const signatures = {
    socket: { args: [int, int, int], returns: int },
    sendto: { args: [int, pointer, uint64_t, int, pointer, uint32_t], returns: int64_t },
    clock_gettime: { args: [int, pointer], returns: int },
  } as const;
  return openLibc(signatures);
}
