import { deflateSync, inflateSync } from "node:zlib";

const SIGNATURE_BYTES = 8;
/** Length, type and checksum of a chunk. */
const AROUND_BYTES = 12;

/** The same picture in fewer bytes: browsers compress what they take in a hurry. */
export function shrinkPng(picture: Uint8Array): Uint8Array {
  const bytes = Buffer.from(picture);
  const kept: Buffer[] = [bytes.subarray(0, SIGNATURE_BYTES)];
  const data: Buffer[] = [];
  for (let at = SIGNATURE_BYTES; at < bytes.length; ) {
    const end = at + bytes.readUInt32BE(at) + AROUND_BYTES;
    const type = bytes.toString("latin1", at + 4, at + 8);
    if (type === "IDAT") data.push(bytes.subarray(at + 8, end - 4));
    if (type === "IEND")
      kept.push(chunkOf("IDAT", deflateSync(unfiltered(bytes, inflateSync(Buffer.concat(data))), { level: 9 })));
    if (type === "IHDR" || type === "IEND") kept.push(bytes.subarray(at, end));
    at = end;
  }
  return Buffer.concat(kept);
}

/**
 * The lines of a picture of 8 bits a channel, without the differences that are for photographs: flat areas and letters repeat as
 * they are. Source: PNG, third edition, section 9.
 */
function unfiltered(picture: Buffer, lines: Buffer): Buffer {
  const width = picture.readUInt32BE(16);
  const pixel = { 0: 1, 2: 3, 6: 4 }[picture[25] ?? 0];
  if (picture[24] !== 8 || pixel === undefined) throw new Error("a picture of a browser's has 8 bits a channel");
  const line = width * pixel + 1;
  for (let start = 0; start < lines.length; start += line) {
    const filter = lines[start];
    for (let at = start + 1; at < start + line; at++) {
      const left = at - start > pixel ? (lines[at - pixel] ?? 0) : 0;
      const up = start > 0 ? (lines[at - line] ?? 0) : 0;
      const corner = start > 0 && at - start > pixel ? (lines[at - line - pixel] ?? 0) : 0;
      const guess = [0, left, up, (left + up) >> 1, nearest(left, up, corner)][filter ?? 0] ?? 0;
      lines[at] = (lines[at] ?? 0) + guess;
    }
    lines[start] = 0;
  }
  return lines;
}

function nearest(left: number, up: number, corner: number): number {
  const sum = left + up - corner;
  const [toLeft, toUp, toCorner] = [Math.abs(sum - left), Math.abs(sum - up), Math.abs(sum - corner)];
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}

function chunkOf(type: string, content: Uint8Array): Buffer {
  const named = Buffer.concat([Buffer.from(type, "latin1"), content]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(Bun.hash.crc32(named) >>> 0);
  return Buffer.concat([length, named, checksum]);
}
