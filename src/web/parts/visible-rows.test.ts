import { expect, test } from "bun:test";
import fc from "fast-check";
import { scrollTo, visibleRows } from "./visible-rows.ts";

const list = fc.record({
  count: fc.integer({ min: 1, max: 5_000_000 }),
  rowPx: fc.integer({ min: 16, max: 80 }),
  heightPx: fc.integer({ min: 100, max: 3000 }),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
});

test("what is drawn fills what is seen, and is little, however long the list", () => {
  fc.assert(
    fc.property(list, ({ count, rowPx, heightPx, at }) => {
      const { wholePx } = visibleRows(count, rowPx, { topPx: 0, heightPx });
      const topPx = at * Math.max(0, wholePx - heightPx);
      const { first, end, offsetPx } = visibleRows(count, rowPx, { topPx, heightPx });
      expect(end - first).toBeLessThanOrEqual(Math.ceil(heightPx / rowPx) + 14);
      expect(offsetPx).toBeLessThanOrEqual(topPx + 1e-3);
      const endPx = offsetPx + (end - first) * rowPx;
      expect(endPx).toBeGreaterThanOrEqual(Math.min(topPx + heightPx, wholePx) - 1e-3);
      expect(wholePx).toBeLessThan(16_000_000);
    }),
  );
});

test("both ends of a list can be reached", () => {
  for (const count of [1, 100_000, 5_000_000]) {
    expect(visibleRows(count, 36, { topPx: 0, heightPx: 700 }).first).toBe(0);
    expect(visibleRows(count, 36, { topPx: 1e9, heightPx: 700 }).end).toBe(count);
  }
});

test("a row that is scrolled to is seen", () => {
  fc.assert(
    fc.property(list, ({ count, rowPx, heightPx, at }) => {
      const row = Math.min(count - 1, Math.floor(at * count));
      const topPx = scrollTo(row, count, rowPx, { topPx: 0, heightPx });
      const { first, end } = visibleRows(count, rowPx, { topPx, heightPx });
      expect(row).toBeGreaterThanOrEqual(first);
      expect(row).toBeLessThan(end);
      expect(scrollTo(row, count, rowPx, { topPx, heightPx })).toBeCloseTo(topPx, 0);
    }),
  );
});
