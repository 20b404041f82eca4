import { dlopen, type FFIFunction, type Library } from "bun:ffi";

/** glibc's name, then musl's: as its loader knows it, and as Alpine's and Debian's packages call the file. */
const NAMES = ["libc.so.6", "libc.so", `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`];

/**
 * Functions of the machine's C library, for what the runtime does not offer. Null where there is none of those names, another
 * system, or where no code may be made at run time (systemd's MemoryDenyWriteExecute): whoever calls does without.
 */
export function openLibc<const Signatures extends Record<string, FFIFunction>>(
  signatures: Signatures,
): Library<Signatures>["symbols"] | null {
  if (process.platform !== "linux") return null;
  for (const name of NAMES) {
    try {
      return dlopen(name, signatures).symbols;
    } catch {
      // Another C library; the next name may be its.
    }
  }
  return null;
}
