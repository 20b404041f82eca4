const FACTOR = Number(Bun.env["LARDER_TEST_HOSTILE_FACTOR"] ?? 1);

/** How many of `count` cases to try: so many times more where `LARDER_TEST_HOSTILE_FACTOR` says so. Other seeds each time. */
export function hostileRuns(count: number): number {
  return Math.ceil(count * FACTOR);
}
