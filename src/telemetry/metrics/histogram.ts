import { Labelled } from "./labelled.ts";
import { checkDefinition, type MetricDefinition, type MetricFamily, type Sample } from "./metric-family.ts";

/** Counts values by the smallest of its bounds that is not below them, and sums them up. */
export class Histogram {
  readonly #bounds: readonly number[];
  /** How many fell between a bound and the one before it; the last one counts what is beyond all. */
  readonly #counts: Float64Array;
  #sum = 0;

  /** The bounds ascend. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  get sum(): number {
    return this.#sum;
  }

  observe(value: number): void {
    const bounds = this.#bounds;
    let index = 0;
    // A dozen bounds, and most values are among the first: faster than halving.
    while (index < bounds.length && value > (bounds[index] as number)) index++;
    (this.#counts[index] as number)++;
    this.#sum += value;
  }

  /** How many values were not above each bound, that without an end included: as a `le` says it. */
  *cumulative(): Iterable<{ readonly le: number; readonly count: number }> {
    let count = 0;
    for (const [index, le] of [...this.#bounds, Number.POSITIVE_INFINITY].entries()) {
      count += this.#counts[index] ?? 0;
      yield { le, count };
    }
  }
}

/** A histogram for each combination of label values, at most `limit` of them; see `Labelled`. */
export class HistogramFamily implements MetricFamily {
  readonly definition: MetricDefinition;
  readonly #children: Labelled<Histogram>;

  /** Throws a TypeError when the bounds do not ascend. */
  constructor(definition: Omit<MetricDefinition, "kind">, bounds: readonly number[], limit = 200) {
    this.definition = { kind: "histogram", ...definition };
    checkDefinition(this.definition);
    if (bounds.some((bound, index) => !(bound > (bounds[index - 1] ?? Number.NEGATIVE_INFINITY)))) {
      throw new TypeError(`${definition.name}: the bounds do not ascend`);
    }
    this.#children = new Labelled(definition.labels.length, limit, () => new Histogram(bounds));
  }

  /** The histogram with these values, in the order of the labels. */
  of(...values: readonly string[]): Histogram {
    return this.#children.of(values);
  }

  *samples(): Iterable<Sample> {
    for (const { labels, child } of this.#children.all()) {
      let all = 0;
      for (const { le, count } of child.cumulative()) {
        all = count;
        yield { suffix: "_bucket", labels, le, value: count };
      }
      yield { suffix: "_sum", labels, le: null, value: child.sum };
      yield { suffix: "_count", labels, le: null, value: all };
    }
  }
}
