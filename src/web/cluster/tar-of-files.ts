/**
 * A tar in the browser: ustar (POSIX.1-2017), with a pax header before a member whose path has more than a hundred bytes.
 *
 * ```
 * name 100 │ mode 8 │ uid 8 │ gid 8 │ size 12 │ mtime 12 │ checksum 8 │ type 1 │ link 100 │ "ustar\0" "00" │ … to 512
 * ```
 */
const BLOCK = 512;
const NAME_BYTES = 100;
const encoder = new TextEncoder();

/** A member: its path, and what it holds. */
export type TarFile = { readonly path: string; readonly content: Uint8Array<ArrayBuffer> };

/** The archive of these files. */
export function tarOfFiles(files: readonly TarFile[]): Blob {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (const { path, content } of files) {
    const name = encoder.encode(path);
    if (name.length > NAME_BYTES) {
      const record = encoder.encode(paxRecord("path", path));
      parts.push(head(encoder.encode("pax"), record.length, "x"), record, padding(record.length));
    }
    parts.push(head(name.subarray(0, NAME_BYTES), content.length, "0"), content, padding(content.length));
  }
  parts.push(new Uint8Array(2 * BLOCK));
  return new Blob(parts, { type: "application/x-tar" });
}

function head(name: Uint8Array, size: number, type: string): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(BLOCK);
  const put = (at: number, text: string) => block.set(encoder.encode(text), at);
  block.set(name, 0);
  put(100, "0000644\0");
  put(108, "0000000\0");
  put(116, "0000000\0");
  put(124, `${size.toString(8).padStart(11, "0")}\0`);
  put(136, "00000000000\0");
  put(148, "        ");
  put(156, type);
  put(257, "ustar\u000000");
  const sum = block.reduce((all, byte) => all + byte, 0);
  put(148, `${sum.toString(8).padStart(6, "0")}\0 `);
  return block;
}

/** `LENGTH KEY=VALUE\n`, where the length counts its own digits. */
function paxRecord(key: string, value: string): string {
  const bytes = encoder.encode(` ${key}=${value}\n`).length;
  let length = bytes + String(bytes).length;
  if (String(length).length > String(bytes).length) length = bytes + String(length).length;
  return `${length} ${key}=${value}\n`;
}

function padding(size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array((BLOCK - (size % BLOCK)) % BLOCK);
}
