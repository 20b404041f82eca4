/** Charts that files name and that are not among them: fetched where that is wanted, and read with the values that they are given. */
import { resolve } from "node:path";
import { describeFailure } from "../lib/failures/describe-failure.ts";
import type { ChartSource } from "./chart-source.ts";
import { scanManifest } from "./files/kubernetes-manifest.ts";
import { type ChartLocation, type Elsewhere, Findings } from "./found/found-image.ts";
import type { Place } from "./found/place.ts";
import { type ChartFiles, readChartArchive, readChartFolder } from "./helm/chart-files.ts";
import { PLAIN_RULES, scanChart } from "./helm/chart-images.ts";
import { chartArtifact } from "./releases/chart-origin.ts";
import { mergeAll } from "./releases/chart-values.ts";
import { addDependencies } from "./releases/chart-dependencies.ts";
import { withValues } from "./releases/given-values.ts";

const FETCH_LIMIT = 300;
const DEPTH_LIMIT = 4;

/** Reads the charts that files name. */
export class ChartsElsewhere {
  /** Charts here that others have deployed, by their absolute paths: they were read as those have it. */
  readonly deployed = new Set<string>();
  readonly #source: ChartSource | null;
  readonly #signal: AbortSignal;
  readonly #findings: Findings;
  readonly #fetched = new Map<string, Promise<{ readonly files: ChartFiles; readonly artifact: string | null }>>();

  constructor(source: ChartSource | null, signal: AbortSignal, findings: Findings) {
    this.#source = source;
    this.#signal = signal;
    this.#findings = findings;
  }

  /** Reads what can be read of all that is elsewhere, and of what that names in turn; the rest stays. */
  async read(): Promise<void> {
    const rest: Elsewhere[] = [];
    for (let depth = 0; depth <= DEPTH_LIMIT; depth++) {
      for (const read of this.#findings.deferred.splice(0)) await read(this.#findings.declared, this.#findings);
      const things = this.#findings.takeElsewhere();
      if (things.length === 0) break;
      for (const thing of things) {
        this.#signal.throwIfAborted();
        const failure = depth < DEPTH_LIMIT ? await this.#read(thing) : "charts name charts without end";
        if (failure === null) continue;
        this.#findValues(thing);
        rest.push({ ...thing, failure: failure === "" ? thing.failure : failure });
      }
    }
    for (const thing of rest) this.#findings.missing(thing, thing.what, thing.chart, thing);
  }

  /** The chart's files with the dependencies that it does not carry, as far as they can be had; `file` is the chart, as it is shown. */
  withDependencies(files: ChartFiles, folder: string | null, file: string): Promise<ChartFiles> {
    const fetch = this.#source === null ? null : async (chart: ChartLocation) => (await this.#fetch(chart)).files;
    return addDependencies(files, folder, fetch, (name, error) => {
      this.#signal.throwIfAborted();
      const message = `the dependency ${JSON.stringify(name)} could not be had: ${describeFailure(error)}`;
      this.#findings.note({ file, line: null }, message);
    });
  }

  /** Why it was not read: empty when nobody is to fetch it; null when it was. */
  async #read(thing: Elsewhere): Promise<string | null> {
    const { chart } = thing;
    if (chart === null || chart.repository === "") return "";
    const isHere = /^(?:file|data):/.test(chart.repository);
    if (!isHere && this.#source === null) return "";
    try {
      const { files, artifact } = isHere ? await filesHere(chart) : await this.#fetch(chart);
      if (!files.has("Chart.yaml")) throw new Error("it holds no chart: there is no Chart.yaml in it");
      if (artifact !== null) this.#findings.image(thing, artifact, "field", "helm");
      const folder = chart.repository.startsWith("file:") ? chart.repository.slice("file:".length) : null;
      if (folder !== null) this.deployed.add(resolve(folder));
      const path = folder ?? thing.what.replace(/^the chart /, "");
      const whole = await this.withDependencies(files, folder, path);
      const found = new Findings();
      await scanChart({ path, files: withValues(whole, chart.values) }, PLAIN_RULES, this.#signal, found);
      this.#take(found, thing, thing.what);
      return null;
    } catch (error) {
      this.#signal.throwIfAborted();
      return describeFailure(error);
    }
  }

  /** What a chart brings stands where it is named. */
  #take(found: Findings, place: Place, what: string): void {
    for (const image of found.images) {
      this.#findings.image(place, image.written, image.kind, image.source, image.platform);
    }
    for (const { severity, file, line, message } of found.problems) {
      if (severity === "note") continue;
      const where = line === null ? file : `${file}:${line}`;
      this.#findings.error(place, `${what}: ${where}: ${message}`);
    }
    for (const thing of found.elsewhere) this.#findings.missing(place, thing.what, thing.chart, thing);
  }

  /** What the files themselves say of a chart that was not read: itself, where it is an artifact, and images in its values. */
  #findValues(thing: Elsewhere): void {
    if (thing.chart === null) return;
    const artifact = chartArtifact(thing.chart);
    if (artifact !== null) this.#findings.image(thing, artifact, "field", "helm");
    const values = mergeAll(thing.chart.values);
    if (values !== null) scanManifest(values, { source: "values", guess: false, embedding: 0 }, this.#findings);
  }

  #fetch(chart: ChartLocation): Promise<{ readonly files: ChartFiles; readonly artifact: string | null }> {
    const { repository, name, version } = chart;
    const key = JSON.stringify([repository, name, version]);
    const known = this.#fetched.get(key);
    if (known !== undefined) return known;
    const fetching = this.#fetchNow({ repository, name, version });
    this.#fetched.set(key, fetching);
    return fetching;
  }

  async #fetchNow(chart: Omit<ChartLocation, "values">) {
    if (this.#source === null) throw new Error("nothing is fetched");
    if (this.#fetched.size >= FETCH_LIMIT)
      throw new Error(`more than ${FETCH_LIMIT} charts are not fetched in one run`);
    const { archive, artifact } = await this.#source.fetch(chart, this.#signal);
    return { files: await readChartArchive(archive), artifact };
  }
}

async function filesHere({ repository }: ChartLocation) {
  if (repository.startsWith("file:"))
    return { files: await readChartFolder(repository.slice("file:".length)), artifact: null };
  const coded = repository.slice(repository.indexOf(",") + 1);
  return { files: await readChartArchive(Buffer.from(coded, "base64")), artifact: null };
}
