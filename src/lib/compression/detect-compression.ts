/** The ways in which archives and layers are compressed, or not. */
export type Compression = "none" | "gzip" | "zstd" | "xz" | "bzip2";

/** How many bytes `detectCompression` wants to see, if there are as many. */
export const MAGIC_BYTES = 10;

const MAGIC: readonly (readonly [Compression, RegExp])[] = [
  ["gzip", /^1f8b08/], // RFC 1952; 8 is deflate, the only method
  ["zstd", /^28b52ffd/], // RFC 8878
  ["zstd", /^5[0-9a-f]2a4d18/], // a zstd stream may begin with a skippable frame
  ["xz", /^fd377a585a00/], // the .xz file format 1.2.0
  ["bzip2", /^425a683[1-9](?:314159265359|177245385090)/], // "BZh1" to "BZh9", then a block or the end
];

/** What the first bytes of a stream say: `MAGIC_BYTES` of them, fewer when the stream is shorter. */
export function detectCompression(firstBytes: Uint8Array): Compression {
  const hex = Buffer.from(firstBytes.subarray(0, MAGIC_BYTES)).toString("hex");
  return MAGIC.find(([, pattern]) => pattern.test(hex))?.[0] ?? "none";
}
