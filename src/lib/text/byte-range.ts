/**
 * Byte ranges of HTTP requests.
 *
 * Source: RFC 9110, section 14. Only ranges of bytes are understood; other units, and what is not well-formed, are
 * ignored, and the whole content is sent.
 */

/** Bytes from `start` up to and without `end`. */
export type ByteRange = { readonly start: number; readonly end: number };

/** What a request asks of content: all of it, when null; or ranges, one at least, in the order in which they are to be sent. */
export type RangesAsked = readonly [ByteRange, ...ByteRange[]] | "unsatisfiable" | null;

/** As many as containers/storage asks for at once; it merges others. */
const MOST_RANGES = 1024;
/** An empty element of the list counts for nothing, and costs a look. */
const MOST_ELEMENTS = 2 * MOST_RANGES;

/** A number whose digits a float holds exactly. */
const EXACT_DIGITS = 15;

/**
 * Reads a `Range` header for content of `size` bytes: the ranges of it that are within the content, cut to it;
 * "unsatisfiable" (to be answered by 416) when none is; or null for the whole content.
 *
 * The whole is also the answer to what costs more than it gains (RFC 9110, section 14.2): more than 1024 ranges, more than
 * two that overlap, or more bytes in all than the content has. What does not overlap is never merged: clients count the
 * parts that come back (containers/image). Empty content is sent whole, as Go's servers do: clients ask for `bytes=0-`
 * before they know the size (containerd 2.3). Space is let pass where Bun does, which looks at the header, too, when a file
 * is sent whole.
 */
export function parseRangeHeader(header: string | null, size: number): RangesAsked {
  if (header === null || size === 0) return null;
  const list = /^\s*bytes\s*=(.*)$/is.exec(header)?.[1];
  if (list === undefined) return null;
  const elements = list.split(",", MOST_ELEMENTS + 1);
  if (elements.length > MOST_ELEMENTS) return null;
  const ranges: ByteRange[] = [];
  let asked = 0;
  for (const element of elements) {
    const text = element.trim();
    if (text === "") continue;
    const range = parseRange(text, size);
    if (range === null || ++asked > MOST_RANGES) return null;
    if (range !== "unsatisfiable") ranges.push(range);
  }
  if (asked === 0) return null;
  const [first, ...others] = ranges;
  if (first === undefined) return "unsatisfiable";
  return others.length > 0 && isWasteful(ranges, size) ? null : [first, ...others];
}

/** Reads `FIRST-LAST`, `FIRST-` or `-SUFFIX`. Null when it is none of them, or runs backwards. */
function parseRange(text: string, size: number): ByteRange | "unsatisfiable" | null {
  const match = /^(\d*)\s*-\s*(\d*)$/.exec(text);
  const [, first = "", last = ""] = match ?? [];
  if (first === "" && last === "") return null;
  if (first === "") {
    const suffix = Number(last);
    return suffix === 0 ? "unsatisfiable" : { start: Math.max(0, size - suffix), end: size };
  }
  if (last !== "" && isGreater(first, last)) return null;
  const start = Number(first);
  if (start >= size) return "unsatisfiable";
  return { start, end: last === "" ? size : Math.min(size, Number(last) + 1) };
}

/** Compares decimal numbers of any length; a number of thousands of digits would take milliseconds to be read. */
function isGreater(a: string, b: string): boolean {
  if (a.length <= EXACT_DIGITS && b.length <= EXACT_DIGITS) return Number(a) > Number(b);
  const [x, y] = [a.replace(/^0+/, ""), b.replace(/^0+/, "")];
  return x.length === y.length ? x > y : x.length > y.length;
}

function isWasteful(ranges: readonly ByteRange[], size: number): boolean {
  let [bytes, overlaps, furthest] = [0, 0, 0];
  for (const { start, end } of ranges.toSorted((a, b) => a.start - b.start)) {
    bytes += end - start;
    if (start < furthest) overlaps++;
    furthest = Math.max(furthest, end);
  }
  return bytes > size || overlaps > 1;
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
