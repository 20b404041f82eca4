import { SingleFlight } from "../../lib/async/single-flight.ts";
import { within } from "../../lib/async/within.ts";
import { CounterFamily } from "./counter.ts";
import { checkDefinition, type MetricDefinition, type MetricFamily } from "./metric-family.ts";
import { familiesOf, type MetricReader, type Reading } from "./metric-reader.ts";

/** How long one reader may take. Prometheus gives up after 10 s unless told otherwise. */
const READ_LIMIT_MS = 2000;

/** All metrics of a process: those that are counted as things happen, and those that are looked up when somebody asks. */
export class Metrics {
  readonly #families: MetricFamily[] = [];
  readonly #readers: MetricReader[] = [];
  readonly #names = new Set<string>();
  readonly #readLimitMs: number;
  /** A reader that hangs is not begun anew: each run might hold a thread. */
  readonly #reading = new SingleFlight<MetricReader, readonly Reading[]>();
  readonly #failures = new CounterFamily({
    name: "larder_metrics_read_failures_total",
    help: "How often a part of these metrics could not be read, or not in time, and was left out",
    labels: ["reader"],
  });

  constructor(readLimitMs = READ_LIMIT_MS) {
    this.#readLimitMs = readLimitMs;
    this.add(this.#failures);
  }

  /** Adds metrics. Throws a TypeError when there is one of that name. */
  add(...families: readonly MetricFamily[]): void {
    for (const { definition } of families) this.#claim(definition);
    this.#families.push(...families);
  }

  /** Adds metrics that are looked up. Throws a TypeError when a definition is wrong, or its name taken. */
  addReader(reader: MetricReader): void {
    for (const definition of reader.definitions) this.#claim(definition);
    this.#failures.of(reader.name);
    this.#readers.push(reader);
  }

  /** What metrics there are, with values or without. */
  get definitions(): readonly MetricDefinition[] {
    return [...this.#families.map(({ definition }) => definition), ...this.#readers.flatMap((one) => one.definitions)];
  }

  /** All metrics with their values now. A reader that fails, or takes too long, is left out and counted. */
  async read(): Promise<readonly MetricFamily[]> {
    const looked = await Promise.all(this.#readers.map((reader) => this.#look(reader)));
    return [...this.#families, ...looked.flat()];
  }

  async #look(reader: MetricReader): Promise<readonly MetricFamily[]> {
    try {
      const reading = this.#reading.run(reader, async () => reader.read());
      const readings = await within(reading, this.#readLimitMs, () => {
        throw new Error(`${reader.name} takes too long`);
      });
      return familiesOf(reader.definitions, readings);
    } catch {
      // Half of the metrics are better than none, and the counter tells of it.
      this.#failures.of(reader.name).add();
      return [];
    }
  }

  #claim(definition: MetricDefinition): void {
    checkDefinition(definition);
    if (this.#names.has(definition.name)) throw new TypeError(`there are two metrics named ${definition.name}`);
    this.#names.add(definition.name);
  }
}
