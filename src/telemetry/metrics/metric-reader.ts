import type { MetricDefinition, MetricFamily } from "./metric-family.ts";

/** A value of a counter or a gauge that is kept elsewhere, with values for the definition's labels. */
export type Reading = {
  readonly metric: MetricDefinition;
  readonly labels: readonly string[];
  readonly value: number;
};

/** Reads metrics whose values are kept elsewhere when they are asked for. */
export interface MetricReader {
  /** What is read, in a word: `store`. */
  readonly name: string;
  /** All that `read` may give values of. */
  readonly definitions: readonly MetricDefinition[];
  /** The values now. What is not known is left out. */
  read(): readonly Reading[] | Promise<readonly Reading[]>;
}

/** Makes metrics with values from readings, in the order of the definitions. */
export function familiesOf(
  definitions: readonly MetricDefinition[],
  readings: readonly Reading[],
): readonly MetricFamily[] {
  return definitions.map((definition) => ({
    definition,
    *samples() {
      for (const { metric, labels, value } of readings) {
        if (metric === definition) yield { suffix: "", labels, le: null, value };
      }
    },
  }));
}
