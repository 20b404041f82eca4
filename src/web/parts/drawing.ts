/** A line of a plot: a figure for each time; null where there is none. */
type PlotLine = {
  readonly name: string;
  readonly values: readonly (number | null)[];
  readonly tone: "accent" | "quiet" | "warn" | "bad";
};

/** What is drawn. */
export type Drawing = {
  /** Seconds since 1970, ascending. */
  readonly times: readonly number[];
  /** Up to three. */
  readonly lines: readonly PlotLine[];
  /** A figure in words, such as `formatBytes`. */
  readonly format: (value: number) => string;
  readonly heightPx: number;
  /** The top of the scale; null: as high as the figures go. */
  readonly whole: number | null;
};

/** A plot on the page. */
export type DrawnPlot = {
  /** Draws other figures of the same lines. */
  readonly update: (drawing: Drawing) => void;
  readonly end: () => void;
};
