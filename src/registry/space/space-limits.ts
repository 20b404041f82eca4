/** How much free space is kept: a size in bytes, or a share of the disk from 0 to 1. */
type KeptFree = { readonly bytes: number } | { readonly share: number };

/** What larder keeps to. `maxBytes` null: no limit; `keepFree` null: what fits any disk. */
export type SpaceLimits = { readonly maxBytes: number | null; readonly keepFree: KeptFree | null };

/** What is kept free unless something else is said, and no more of a small disk than this share. */
const USUAL_BYTES = 1e9;
const USUAL_SHARE = 0.05;

/** The bytes that are kept free on a disk of that size. */
export function keptFreeBytes({ keepFree }: SpaceLimits, diskBytes: number): number {
  if (keepFree === null) return Math.round(Math.min(USUAL_BYTES, diskBytes * USUAL_SHARE));
  return Math.round("bytes" in keepFree ? keepFree.bytes : keepFree.share * diskBytes);
}
