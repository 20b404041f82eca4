/** Firefox draws nothing that is taller than some 17 million pixels. */
const TALLEST_PX = 15_000_000;
/** Rows beyond what is seen, so that none is missing while it is scrolled. */
const SPARE = 6;

/** Where a list is scrolled to. */
export type Scrolled = { readonly topPx: number; readonly heightPx: number };

/** What of a list is drawn. */
export type VisibleRows = {
  readonly first: number;
  /** The row behind the last one. */
  readonly end: number;
  /** Where the first one is, from the top of the whole. */
  readonly offsetPx: number;
  /** How tall the whole is; of very long lists less than all rows together. */
  readonly wholePx: number;
};

/** The rows that have to be drawn, of `count` of one height. */
export function visibleRows(count: number, rowPx: number, { topPx, heightPx }: Scrolled): VisibleRows {
  const allPx = count * rowPx;
  const wholePx = Math.min(allPx, TALLEST_PX);
  const top = Math.max(0, Math.min(topPx, wholePx - heightPx));
  // Of a list that is too tall, a step of the scroll bar is more than a step of the rows.
  const shiftPx = wholePx > heightPx ? (top * (allPx - wholePx)) / (wholePx - heightPx) : 0;
  const first = Math.max(0, Math.floor((top + shiftPx) / rowPx) - SPARE);
  const end = Math.min(count, Math.ceil((top + shiftPx + heightPx) / rowPx) + SPARE);
  return { first, end, offsetPx: first * rowPx - shiftPx, wholePx };
}

/** Where to scroll to so that a row is seen, from where it is; the same, when it is seen already. */
export function scrollTo(row: number, count: number, rowPx: number, { topPx, heightPx }: Scrolled): number {
  const { wholePx } = visibleRows(count, rowPx, { topPx, heightPx });
  const allPx = count * rowPx;
  const scale = wholePx > heightPx && allPx > wholePx ? (allPx - heightPx) / (wholePx - heightPx) : 1;
  const seenPx = topPx * scale;
  if (row * rowPx < seenPx) return (row * rowPx) / scale;
  if ((row + 1) * rowPx > seenPx + heightPx) return ((row + 1) * rowPx - heightPx) / scale;
  return topPx;
}
