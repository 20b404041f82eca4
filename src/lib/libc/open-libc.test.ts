import { FFIType } from "bun:ffi";
import { expect, test } from "bun:test";
import { openLibc } from "./open-libc.ts";

test.skipIf(process.platform !== "linux")("functions of the C library can be called", () => {
  const libc = openLibc({ getpid: { args: [], returns: FFIType.i32 } });
  expect(libc?.getpid()).toBe(process.pid);
});

test("there is none with a function that no C library has", () => {
  expect(openLibc({ no_such_function_of_larder: { args: [], returns: FFIType.i32 } })).toBeNull();
});
