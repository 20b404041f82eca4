/** Two clocks, since the one on the wall may be set forward and back. Both give milliseconds. */
export type Clock = {
  /** Since 1970: for what is stored, shown, or compared with what others say. */
  readonly now: () => number;
  /** Since some moment, and never backward: for how long something lasts. */
  readonly elapsed: () => number;
};

/** The machine's clocks. */
export const systemClock: Clock = { now: () => Date.now(), elapsed: () => performance.now() };
