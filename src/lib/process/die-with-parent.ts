import { FFIType } from "bun:ffi";
import { openLibc } from "../libc/open-libc.ts";

/** prctl(2): the signal that a process gets when its parent ends. */
const PR_SET_PDEATHSIG = 1;
const SIGKILL = 9;

/** Has this process end when the one that started it does, however that comes about. Where the system cannot do that, it goes on. */
export function dieWithParent(): void {
  const libc = openLibc({ prctl: { args: [FFIType.i32, FFIType.u64], returns: FFIType.i32 } });
  libc?.prctl(PR_SET_PDEATHSIG, SIGKILL);
}
