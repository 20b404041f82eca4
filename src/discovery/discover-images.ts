/** Finds the images that files name: manifests, charts, kustomizations, Compose files, Dockerfiles, lists. */
import { basename, dirname, join, resolve } from "node:path";
import { hostPlatform, type Platform } from "../oci/platform.ts";
import type { ChartSource } from "./chart-source.ts";
import { ChartsElsewhere } from "./charts-elsewhere.ts";
import type { BuildOptions } from "./dockerfile/build-scope.ts";
import { scanDockerfile } from "./dockerfile/scan-dockerfile.ts";
import { DOCUMENT_FORMATS } from "./formats/document-formats.ts";
import { type Elsewhere, Findings, type FoundImage, type Problem } from "./found/found-image.ts";
import type { Located } from "./found/located-value.ts";
import { type ChartFiles, readChartArchive, readChartFolder } from "./helm/chart-files.ts";
import { type ChartRules, scanChart } from "./helm/chart-images.ts";
import { type ChartOptions, NO_CHART_OPTIONS } from "./helm/chart-options.ts";
import { chartRules } from "./helm/chart-rules.ts";
import { scanImageArchive } from "./files/image-archive.ts";
import { scanImageList } from "./files/image-list.ts";
import { scanManifest } from "./files/kubernetes-manifest.ts";
import { isKustomizationFile, KustomizeBuilder } from "./kustomize/build-kustomization.ts";
import { fileAt, tryStat } from "./files/reading.ts";
import { readText, readTextOrJson, readTextOrJsonFrom, reasonOf } from "./files/read-text.ts";
import { typeByName, type WalkedEntry, walkFiles } from "./walk-files.ts";
import { TEXT_FORMATS } from "./text-formats/text-formats.ts";
import { type LineOrigin, linesOf, readDocuments } from "./files/yaml-documents.ts";
import { readKnownDocument, scanLargeJson, scanYamlFile } from "./files/yaml-file.ts";
import { describeFailure } from "../lib/failures/describe-failure.ts";

/** How to look. */
export type DiscoveryOptions = {
  /** PATH, where helm may be, and XCLUSTER_OVLPATH. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** Leave out guesses. */
  readonly strict?: boolean;
  /** The platforms that images are wanted for, which Dockerfiles ask for by name; this machine's unless given. */
  readonly platforms?: readonly Platform[];
  /** Opens standard input, which the path `-` means. */
  readonly standardInput?: () => AsyncIterable<Uint8Array>;
  /** Whose rules hold for charts, and values that are given to them. */
  readonly helm?: ChartOptions;
  /** Fetches charts that files name; without it they are only named. */
  readonly charts?: ChartSource;
};

/** The images in the order in which they were found, one for each place, and what kept the list from being whole. */
export type Discovery = {
  readonly images: readonly FoundImage[];
  readonly problems: readonly Problem[];
  readonly elsewhere: readonly Elsewhere[];
};

const ARCHIVE_BYTES_LIMIT = 32 * 1024 * 1024;

/**
 * Finds the images below `paths`: files, folders, or names of xcluster overlays. A file that is named is read whatever
 * it is called; in folders the names decide. What cannot be read is a problem, and the rest goes on. Throws only when
 * `signal` is aborted, or the values for charts cannot be read.
 */
export async function discoverImages(paths: readonly string[], options: DiscoveryOptions): Promise<Discovery> {
  const rules = await chartRules(options.helm ?? NO_CHART_OPTIONS, options.environment);
  const run = new DiscoveryRun(options, rules);
  for (const path of paths) await run.path(path);
  await run.finish();
  const images =
    options.strict === true ? run.findings.images.filter(({ kind }) => kind === "field") : run.findings.images;
  const { problems, elsewhere } = run.findings;
  return { images, problems, elsewhere };
}

class DiscoveryRun {
  readonly findings = new Findings();
  readonly #options: DiscoveryOptions;
  readonly #rules: ChartRules;
  readonly #charts: ChartsElsewhere;
  readonly #ownCharts = new Set<string>();
  /** Dockerfiles that were read as other files have them built, by their absolute paths. */
  readonly #built = new Set<string>();

  constructor(options: DiscoveryOptions, rules: ChartRules) {
    this.#options = options;
    this.#rules = rules;
    this.#charts = new ChartsElsewhere(options.charts ?? null, options.signal, this.findings);
  }

  /** What can only be told when all files are read: charts are read as releases have them, and only the others by themselves. */
  async finish(): Promise<void> {
    await this.#charts.read();
    for (const path of this.#ownCharts) {
      this.#options.signal.throwIfAborted();
      if (!this.#charts.deployed.has(resolve(path))) await this.#chart(path, () => readChartFolder(path), true);
    }
    await this.#charts.read();
  }

  async path(path: string): Promise<void> {
    if (path === "-" && this.#options.standardInput !== undefined)
      return this.#standardInput(this.#options.standardInput);
    const searchPath = this.#options.environment["XCLUSTER_OVLPATH"];
    const details = await tryStat(path);
    const overlay = details === null ? await findOverlay(path, searchPath) : null;
    if (details === null && overlay === null) {
      const tried = searchPath === undefined ? "" : `, nor an overlay in XCLUSTER_OVLPATH (${searchPath})`;
      return this.findings.error({ file: path, line: null }, `there is no such file or folder${tried}`);
    }
    if (details !== null && !details.isDirectory()) return this.#namedFile(path);
    await this.#folder(overlay ?? path);
  }

  async #namedFile(path: string): Promise<void> {
    const name = basename(path);
    if (isKustomizationFile(name)) return this.#kustomizations([dirname(path)], new Set());
    if (name === "Chart.yaml") return this.#entry({ type: "chart", path: dirname(path), name }, true);
    await this.#entry({ type: typeByName(name) ?? "file", path, name }, true);
    await this.#builds();
  }

  /** What it is, its text has to tell; it is known as the file `-`. */
  async #standardInput(open: () => AsyncIterable<Uint8Array>): Promise<void> {
    const file = await readTextOrJsonFrom(open(), this.#options.signal);
    if (file.text === null && file.reason === "large JSON") return this.#largeJson("-", "-", file.pieces, true);
    if (file.text === null) return this.findings.error({ file: "-", line: null }, reasonOf(file));
    await this.#text({ type: typeByText(file.text), path: "-", name: "-" }, file.text, true);
    await this.#builds();
  }

  async #folder(root: string): Promise<void> {
    const entries: WalkedEntry[] = [];
    for await (const entry of walkFiles(root, this.findings)) {
      this.#options.signal.throwIfAborted();
      entries.push(entry);
    }
    // What a kustomization builds upon is listed as it builds it, not once more by itself.
    const used = new Set<string>();
    const folders = entries.filter(({ type }) => type === "kustomization").map(({ path }) => path);
    await this.#kustomizations(folders, used);
    const isAlone = ({ path }: WalkedEntry) => {
      return ![used, this.#built, this.findings.parts].some((read) => read.has(resolve(path)));
    };
    const read = async (isWanted: (entry: WalkedEntry) => boolean) => {
      for (const entry of entries) {
        this.#options.signal.throwIfAborted();
        if (isWanted(entry) && isAlone(entry)) await this.#entry(entry, false);
      }
    };
    await read(({ type }) => type !== "kustomization" && type !== "dockerfile");
    // Dockerfiles that a Compose file has built are read as it has them built, and only the others by themselves.
    await this.#builds();
    await read(({ type }) => type === "dockerfile");
  }

  async #kustomizations(folders: readonly string[], used: Set<string>): Promise<void> {
    const builder = new KustomizeBuilder((path, findings) => this.#documents(path, findings), this.findings);
    const below = new Set<string>();
    for (const folder of folders) for (const base of await builder.bases(folder)) below.add(base);
    const build = async (folder: string) => {
      this.#options.signal.throwIfAborted();
      for (const resource of await builder.build(folder)) await this.#resource(resource);
    };
    const isRoot = async (folder: string) => folders.length === 1 || !(await builder.isComponent(folder));
    for (const folder of folders) if (!below.has(resolve(folder)) && (await isRoot(folder))) await build(folder);
    // Those that name each other in a circle have no beginning; one is as good as another.
    for (const folder of folders) if (!builder.used.has(resolve(folder)) && (await isRoot(folder))) await build(folder);
    for (const path of builder.used) used.add(path);
  }

  /** A resource that Kustomize makes may be another tool's document, a release of Flux's for instance. */
  async #resource(resource: Located): Promise<void> {
    const file = { path: resource.file, name: basename(resource.file), askedFor: false };
    if (await readKnownDocument(resource, file, DOCUMENT_FORMATS, this.#options.signal, this.findings)) return;
    scanManifest(resource, { source: "kustomize", guess: false, embedding: 0 }, this.findings);
  }

  async #documents(path: string, findings: Findings) {
    const file = await readText(path, this.#options.signal);
    return file.text === null ? null : readDocuments(file.text, linesOf(path), findings);
  }

  async #entry(entry: WalkedEntry, askedFor: boolean): Promise<void> {
    if (entry.type === "chart") {
      this.#ownCharts.add(entry.path);
      return;
    }
    if (entry.type === "archive") return this.#archive(entry.path, askedFor);
    const file = await readTextOrJson(entry.path, this.#options.signal);
    if (file.text === null && file.reason === "large JSON") {
      return this.#largeJson(entry.path, entry.name, file.pieces, askedFor);
    }
    if (file.text === null) {
      if (askedFor && file.reason === "binary") return this.#archive(entry.path, askedFor);
      // A binary file that is called like a list is no list; one that cannot be read may be.
      if (file.reason !== "binary") this.findings.error({ file: entry.path, line: null }, reasonOf(file));
      return;
    }
    if (entry.isInChart === true && file.text.includes("{{")) return;
    await this.#text(
      { ...entry, type: entry.type === "file" ? typeByText(file.text) : entry.type },
      file.text,
      askedFor,
    );
  }

  async #text(entry: WalkedEntry, text: string, askedFor: boolean): Promise<void> {
    const origin = linesOf(entry.path);
    const type = await this.#otherTypeOf(entry, text, askedFor);
    if (type === null) return;
    if (type === "dockerfile") this.#dockerfile(text, origin);
    else if (type === "yaml") {
      await scanYamlFile(
        { path: entry.path, name: entry.name, text, askedFor, formats: DOCUMENT_FORMATS },
        this.#options.signal,
        this.findings,
      );
    } else {
      scanImageList(
        text,
        askedFor ? "asked for" : /image/i.test(entry.name) ? "named so" : "unknown",
        origin,
        this.findings,
      );
    }
  }

  /** Has a text read that is of one of the text formats, and gives null; else what it is besides, as its name or its text says. */
  async #otherTypeOf(entry: WalkedEntry, text: string, askedFor: boolean): Promise<WalkedEntry["type"] | null> {
    const file = { path: entry.path, name: entry.name, askedFor };
    const isCandidate = entry.type === "text" || askedFor;
    const format = isCandidate ? TEXT_FORMATS.find((candidate) => candidate.recognizes(text, file)) : undefined;
    if (format !== undefined) {
      await format.read(text, file, this.findings, this.#options.signal);
      return null;
    }
    if (entry.type !== "text") return entry.type;
    if (/\.(?:ya?ml|json)$/i.test(entry.name)) return "yaml";
    return askedFor ? typeByText(text) : null;
  }

  #largeJson(path: string, name: string, pieces: AsyncIterable<string>, askedFor: boolean): Promise<void> {
    const file = { path, name, askedFor, formats: DOCUMENT_FORMATS };
    return scanLargeJson(file, pieces, this.#options.signal, this.findings);
  }

  #dockerfile(text: string, origin: LineOrigin, build?: Pick<BuildOptions, "args" | "contexts">): void {
    const buildPlatform = hostPlatform();
    for (const platform of this.#options.platforms ?? [buildPlatform]) {
      scanDockerfile(text, origin, { ...build, platform, buildPlatform }, this.findings);
    }
  }

  /** Reads the Dockerfiles that other files have built, with the arguments that those give. */
  async #builds(): Promise<void> {
    for (const build of this.findings.builds.splice(0)) {
      this.#options.signal.throwIfAborted();
      const { dockerfile } = build;
      if ("text" in dockerfile) {
        const first = dockerfile.text.textLine ?? 1;
        this.#dockerfile(dockerfile.text.text, (line) => ({ file: build.file, line: first + line - 1 }), build);
        continue;
      }
      this.#built.add(resolve(dockerfile.path));
      const { text } = await readText(dockerfile.path, this.#options.signal);
      if (text === null) this.findings.missing(build, `the Dockerfile ${dockerfile.path}`);
      else this.#dockerfile(text, linesOf(dockerfile.path), build);
    }
  }

  async #archive(path: string, askedFor: boolean): Promise<void> {
    if (askedFor && (await scanImageArchive(path, this.#options.signal, this.findings))) return;
    const file = fileAt(path);
    if (file.size > ARCHIVE_BYTES_LIMIT) {
      if (askedFor) this.findings.error({ file: path, line: null }, `it is too large for a chart (${file.size} bytes)`);
      return;
    }
    await this.#chart(path, async () => readChartArchive(await file.bytes()), askedFor);
  }

  async #chart(path: string, read: () => Promise<ChartFiles>, mustBeOne: boolean): Promise<void> {
    let files: ChartFiles;
    try {
      files = await read();
    } catch (error) {
      const message = describeFailure(error);
      if (mustBeOne) this.findings.error({ file: path, line: null }, `it cannot be read as a chart: ${message}`);
      return;
    }
    if (files.has("Chart.yaml")) {
      const whole = await this.#charts.withDependencies(files, path, path);
      await scanChart({ path, files: whole }, this.#rules, this.#options.signal, this.findings);
    } else if (mustBeOne)
      this.findings.error({ file: path, line: null }, "it holds no chart: there is no Chart.yaml in it");
  }
}

/** What a text is whose name says nothing: a Dockerfile begins with FROM, YAML and JSON have keys; all else is a list. */
function typeByText(text: string): "yaml" | "dockerfile" | "list" {
  const first = text.split("\n").find((line) => !/^\s*(?:#|ARG\s|$)/i.test(line));
  if (/^\s*FROM\s/i.test(first ?? "")) return "dockerfile";
  const hasKeys = /^\s*(?:\{|\[\s*["{[\]])|^---\s|^- |^["']?[A-Za-z_][\w./-]*["']?\s*:(?:\s|$)/m.test(text);
  return hasKeys ? "yaml" : "list";
}

/**
 * The folder of an xcluster overlay: the first folder called `name` in those that `searchPath` (the value of
 * XCLUSTER_OVLPATH, folders between colons) lists. Null when there is none, or `name` is no plain name.
 */
async function findOverlay(name: string, searchPath: string | undefined): Promise<string | null> {
  if (!/^[\w][\w.+-]*$/.test(name)) return null;
  for (const folder of (searchPath ?? "").split(":")) {
    if (folder === "") continue;
    const candidate = join(folder, name);
    const details = await tryStat(candidate);
    if (details?.isDirectory() === true) return candidate;
  }
  return null;
}
