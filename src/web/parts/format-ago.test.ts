import { expect, test } from "bun:test";
import { formatAgo } from "./format-ago.ts";

const NOW = Date.UTC(2026, 6, 1);
const SECOND = 1000;
const [MINUTE, HOUR, DAY] = [60 * SECOND, 3600 * SECOND, 86_400 * SECOND];

test.each([
  [0, "just now"],
  [-59 * SECOND, "just now"],
  [59 * SECOND, "just now"],
  [-MINUTE, "1 min. ago"],
  [-(HOUR - SECOND), "59 min. ago"],
  [-HOUR, "1 hr. ago"],
  [-(DAY - SECOND), "23 hr. ago"],
  [-DAY, "1 day ago"],
  [-8 * DAY, "1 wk. ago"],
  [-40 * DAY, "1 mo. ago"],
  [-800 * DAY, "2 yr. ago"],
  [2 * HOUR, "in 2 hr."],
])("%d ms from now is told in the largest whole unit", (difference, text) => {
  expect(formatAgo(NOW + difference, NOW)).toBe(text);
});
