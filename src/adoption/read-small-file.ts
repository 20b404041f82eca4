import { NoPlainFile, openPlainFile } from "../lib/files/open-plain-file.ts";
import { describeFailure } from "../lib/failures/describe-failure.ts";
import { isAbsent, isSystemError } from "../lib/files/system-error.ts";

/** A small file of somebody else's, or why it cannot be used. */
export type SmallFile =
  | { readonly kind: "read"; readonly bytes: Uint8Array; readonly modifiedAtMs: number }
  | { readonly kind: "absent" }
  | { readonly kind: "unusable"; readonly why: string };

/** Reads a file that has `limitBytes` at most. A link is not followed. */
export async function readSmallFile(path: string, limitBytes: number): Promise<SmallFile> {
  try {
    const file = await openPlainFile(path);
    try {
      const { size, mtimeMs } = await file.stat();
      if (size > limitBytes) return { kind: "unusable", why: `it has ${size} bytes, more than ${limitBytes}` };
      const buffer = new Uint8Array(size);
      let read = 0;
      for (let got = -1; read < size && got !== 0; read += got) {
        got = (await file.read(buffer, read, size - read, read)).bytesRead;
      }
      return { kind: "read", bytes: buffer.subarray(0, read), modifiedAtMs: mtimeMs };
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isAbsent(error)) return { kind: "absent" };
    if (error instanceof NoPlainFile) return { kind: "unusable", why: error.message };
    if (!isSystemError(error)) throw error;
    return { kind: "unusable", why: `it cannot be read: ${describeFailure(error)}` };
  }
}
