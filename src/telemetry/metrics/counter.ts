import { Labelled } from "./labelled.ts";
import { checkDefinition, type MetricDefinition, type MetricFamily, type Sample } from "./metric-family.ts";

/** Counts up, from zero at each start of the process. */
export class Counter {
  #value = 0;

  get value(): number {
    return this.#value;
  }

  /** Counts one more, or so many. */
  add(by = 1): void {
    this.#value += by;
  }
}

/** A counter for each combination of label values, at most `limit` of them; see `Labelled`. */
export class CounterFamily implements MetricFamily {
  readonly definition: MetricDefinition;
  readonly #children: Labelled<Counter>;

  constructor(definition: Omit<MetricDefinition, "kind">, limit = 1000) {
    this.definition = { kind: "counter", ...definition };
    checkDefinition(this.definition);
    this.#children = new Labelled(definition.labels.length, limit, () => new Counter());
  }

  /** The counter with these values, in the order of the labels. */
  of(...values: readonly string[]): Counter {
    return this.#children.of(values);
  }

  *samples(): Iterable<Sample> {
    for (const { labels, child } of this.#children.all()) yield { suffix: "", labels, le: null, value: child.value };
  }
}
