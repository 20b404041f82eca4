import { FFIType } from "bun:ffi";
import { openLibc } from "../libc/open-libc.ts";

let known: (() => void) | null = null;

/**
 * Has the system write down all that was written to any file system, and waits for that: where a million files were just made,
 * that is a thousand times faster than one after the other. Where there is no such call, nothing is done.
 */
export function syncAll(): void {
  known ??= openLibc({ sync: { args: [], returns: FFIType.void } })?.sync ?? null;
  known?.();
}
