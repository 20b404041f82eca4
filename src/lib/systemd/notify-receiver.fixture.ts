/** The other end of a notification socket, for tests. */
import { FFIType, ptr } from "bun:ffi";
import { openLibc } from "../libc/open-libc.ts";

const { int, ptr: pointer, uint32_t, uint64_t, int64_t } = FFIType;

/** Binds a socket at `name`, as NOTIFY_SOCKET has it, and gives the messages that have come so far. */
export function listenForNotices(name: string): { received(): string[]; close(): void } {
  const libc = open();
  const socket = libc.socket(1, 0o2004002, 0);
  const path = Buffer.from(name.startsWith("@") ? `\0${name.slice(1)}` : `${name}\0`);
  const address = Buffer.concat([Buffer.from([1, 0]), path]);
  if (libc.bind(socket, ptr(address), address.length) !== 0) throw new Error(`cannot bind ${name}`);
  const buffer = Buffer.alloc(8192);
  return {
    received: () => {
      const messages: string[] = [];
      for (;;) {
        const length = Number(libc.recv(socket, ptr(buffer), buffer.length, 0));
        if (length < 0) return messages;
        messages.push(buffer.toString("utf8", 0, length));
      }
    },
    close: () => libc.close(socket),
  };
}

function open() {
  const signatures = {
    socket: { args: [int, int, int], returns: int },
    bind: { args: [int, pointer, uint32_t], returns: int },
    recv: { args: [int, pointer, uint64_t, int], returns: int64_t },
    close: { args: [int], returns: int },
  } as const;
  const libc = openLibc(signatures);
  if (libc === null) throw new Error("this machine has no C library that is known here");
  return libc;
}
