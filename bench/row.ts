/** One line of the table. `met` is null where there is no goal. */
export type Row = {
  readonly what: string;
  readonly larder: string;
  /** The same of what larder is measured beside. */
  readonly beside: string;
  /** What the goal is about. */
  readonly figure: string;
  readonly goal: string;
  readonly met: boolean | null;
};

export const milliseconds = (ms: number): string => (ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`);
export const seconds = (s: number): string => `${s.toFixed(2)} s`;
export const times = (ratio: number): string => (ratio < 10 ? `${ratio.toFixed(2)}x` : `${ratio.toFixed(1)}x`);
export const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;
export const perSecond = (rate: number): string => `${Math.round(rate).toLocaleString("en")}/s`;
