/**
 * Byte ranges of HTTP requests.
 *
 * Source: RFC 9110, section 14. Only one range of bytes is understood; other units and lists of ranges are ignored,
 * which the RFC allows, and the whole content is sent.
 */

/** Bytes from `start` up to and without `end`. */
export type ByteRange = { readonly start: number; readonly end: number };

/**
 * Reads a `Range` header for content of `size` bytes: a range, "unsatisfiable" (to be answered by 416), or null for
 * the whole content.
 */
export function parseRangeHeader(header: string | null, size: number): ByteRange | "unsatisfiable" | null {
  const match = header === null ? null : /^\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(header);
  if (match === null) return null;
  const [first, last] = [match[1] ?? "", match[2] ?? ""];
  if (first === "" && last === "") return null;
  if (first === "") {
    const suffix = Number(last);
    return suffix === 0 || size === 0 ? "unsatisfiable" : { start: Math.max(0, size - suffix), end: size };
  }
  const start = Number(first);
  const end = last === "" ? size : Math.min(size, Number(last) + 1);
  return start >= size || end <= start ? "unsatisfiable" : { start, end };
}

/**
 * Reads the `Content-Range` of an upload's chunk: `a-b`, both included (distribution-spec v1.1.1, "Pushing a blob in
 * chunks"; no unit), also in RFC 9110's form `bytes a-b/total`. Null when it is neither or runs backwards.
 */
export function parseChunkRange(header: string): ByteRange | null {
  const match = /^\s*(?:bytes[ =])?\s*(\d{1,15})-(\d{1,15})(?:\/(?:\d+|\*))?\s*$/i.exec(header);
  if (match === null) return null;
  const start = Number(match[1]);
  const end = Number(match[2]) + 1;
  return end <= start ? null : { start, end };
}
