import { detectCompression } from "../lib/compression/detect-compression.ts";
import { hasRightChecksum, isZeroBlock } from "../lib/tar/header-block.ts";

/** How much of a blob tells whether an engine could unpack it: a tar archive's first header. */
export const DOCUMENT_HEAD_BYTES = 512;

/**
 * Do the first bytes of a blob, `DOCUMENT_HEAD_BYTES` of them, leave it a document that nobody can run? Whatever the layer's
 * type says: engines that do not look at it unpack what begins as a compressed stream or as an archive.
 */
export function beginsLikeDocument(head: Uint8Array): boolean {
  if (detectCompression(head) !== "none") return false;
  if (head.byteLength < DOCUMENT_HEAD_BYTES) return true;
  const block = head.subarray(0, DOCUMENT_HEAD_BYTES);
  return !isZeroBlock(block) && !hasRightChecksum(block);
}
