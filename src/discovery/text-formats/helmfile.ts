/** helmfile. Source: helmfile's documentation (1.1): a Go template first, YAML after; environments, repositories, releases, set. */
import { isThere } from "../files/reading.ts";
import { dirname, isAbsolute, join } from "node:path";
import type { ChartLocation, Findings } from "../found/found-image.ts";
import { itemsAt, type Located, type LocatedMap, scalarFor, textAt, valueAt } from "../found/located-value.ts";
import type { DocumentFile } from "../files/document-format.ts";
import { readText } from "../files/read-text.ts";
import type { TextFormat } from "../files/text-format.ts";
import { readDocument, splitDocuments } from "../files/yaml-documents.ts";
import { chartByUrl, chartHere, nameChart } from "../releases/chart-origin.ts";
import { mergeAll, setValue, typedScalar } from "../releases/chart-values.ts";
import { HelmfileTemplate } from "./helmfile-template.ts";

export const helmfile: TextFormat = {
  tool: "helmfile",
  isNamedSo: (name) => /^helmfile\b.*\.ya?ml(?:\.gotmpl)?$/.test(name),
  recognizes: (text, { name, path, askedFor }) =>
    /^\s*["']?(?:releases|helmfiles)["']?\s*:/m.test(text) &&
    (helmfile.isNamedSo(name) || /(?:^|\/)helmfile\.d\//.test(path) || (askedFor && hasReleases(text))),
  async read(text, file, findings, signal) {
    await new HelmfileReading(file, findings, signal).read(text);
  },
};

/** Under another name, by releases of charts in a document that is no resource of Kubernetes. */
function hasReleases(text: string): boolean {
  return /^releases\s*:/m.test(text) && /^\s*(?:-\s+)?chart\s*:/m.test(text) && !/^(?:apiVersion|kind)\s*:/m.test(text);
}

class HelmfileReading {
  readonly #file: DocumentFile;
  readonly #findings: Findings;
  readonly #signal: AbortSignal;
  readonly #repositories = new Map<string, string>();
  #values: Located | null = null;

  constructor(file: DocumentFile, findings: Findings, signal: AbortSignal) {
    this.#file = file;
    this.#findings = findings;
    this.#signal = signal;
  }

  /** The parts one after the other: the values of an environment are known from the next part on. */
  async read(text: string): Promise<void> {
    for (const part of splitDocuments(text)) {
      const document = this.#render(part.text, this.#file.path, part.firstLine);
      if (document?.type !== "map") continue;
      for (const value of itemsAt(document, "environments", "default", "values")) await this.#addValues(value);
      for (const repository of itemsAt(document, "repositories")) {
        const [name, url] = [textAt(repository, "name"), textAt(repository, "url")];
        if (name === null || url === null) continue;
        const isOci = textAt(repository, "oci") === "true" && !url.startsWith("oci://");
        this.#repositories.set(name, isOci ? `oci://${url}` : url);
      }
      for (const release of itemsAt(document, "releases")) {
        if (release.type === "map") await this.#release(release, document);
      }
      for (const other of itemsAt(document, "helmfiles")) this.#other(other);
    }
  }

  #render(text: string, path: string, firstLine: number): Located | null {
    const template = new HelmfileTemplate(this.#values);
    const rendered = text.includes("{{") ? template.render(text, path, this.#findings, firstLine) : null;
    if (text.includes("{{") && rendered === null) return null;
    const origin = (line: number) => ({
      file: path,
      line: firstLine - 1 + (rendered === null ? line : (rendered.lines[line - 1] ?? 1)),
    });
    return readDocument({ text: rendered?.text ?? text, firstLine: 1 }, origin, this.#findings);
  }

  async #addValues(value: Located): Promise<void> {
    const values = value.type === "scalar" ? await this.#valuesFile(value) : value;
    if (values?.type === "map") this.#values = mergeAll([...(this.#values === null ? [] : [this.#values]), values]);
  }

  /** Values in a file, which is a template where its name says so. */
  async #valuesFile(name: Located): Promise<Located | null> {
    if (name.type !== "scalar" || name.text === "") return null;
    const path = isAbsolute(name.text) ? name.text : join(dirname(this.#file.path), name.text);
    const { text } = await readText(path, this.#signal);
    if (text === null) {
      this.#findings.note(name, `its values in ${name.text.slice(0, 200)} are not here`);
      return null;
    }
    if (!path.endsWith(".gotmpl"))
      return readDocument({ text, firstLine: 1 }, (line) => ({ file: path, line }), this.#findings);
    return this.#render(text, path, 1);
  }

  async #release(release: LocatedMap, document: LocatedMap): Promise<void> {
    const chart = valueAt(release, "chart");
    const isOff = textAt(release, "installed") === "false" || this.#isConditionOff(textAt(release, "condition"));
    if (chart?.type !== "scalar" || chart.text === "" || isOff) return;
    const layers: Located[] = [];
    for (const value of itemsAt(release, "values")) {
      const values = value.type === "scalar" ? await this.#valuesFile(value) : value;
      if (values !== null) layers.push(values);
    }
    let values = mergeAll(layers);
    for (const entry of itemsAt(release, "set")) {
      const [name, value] = [textAt(entry, "name"), valueAt(entry, "value")];
      if (name !== null && value?.type === "scalar") values = setValue(values, name, typedScalar(value, value.text));
      const items = itemsAt(entry, "values");
      for (const [index, item] of name === null ? [] : items.entries())
        values = setValue(values, `${name}[${index}]`, item);
    }
    for (const entry of itemsAt(release, "setString")) {
      const [name, value] = [textAt(entry, "name"), valueAt(entry, "value")];
      if (name !== null && value?.type === "scalar") values = setValue(values, name, scalarFor(value, value.text));
    }
    const version = textAt(release, "version") ?? textAt(valueAt(document, "helmDefaults"), "version");
    const location = this.#chartOf(chart.text, version, values === null ? [] : [values]);
    nameChart(chart, location, this.#findings);
  }

  #chartOf(chart: string, version: string | null, values: readonly Located[]): ChartLocation {
    const folder = isAbsolute(chart) ? chart : join(dirname(this.#file.path), chart);
    if (/^[./]/.test(chart) || isThere(join(folder, "Chart.yaml"))) return chartHere(folder, values);
    const [, alias = "", name = ""] = /^([^/]+)\/(.+)$/.exec(chart) ?? [];
    const repository = this.#repositories.get(alias) ?? "";
    return (
      chartByUrl(chart, version, values) ?? { repository, name: repository === "" ? chart : name, version, values }
    );
  }

  #isConditionOff(condition: string | null): boolean {
    return (
      condition !== null &&
      textAt(valueAt(this.#values, ...condition.split(".").slice(0, -1)), condition.split(".").at(-1) ?? "") === "false"
    );
  }

  /** Others here are met in their folders. */
  #other(entry: Located): void {
    const path = entry.type === "scalar" ? entry.text : (textAt(entry, "path") ?? "");
    if (/^(?:git::|[a-z+]+:\/\/)/i.test(path)) this.#findings.missing(entry, `the helmfile ${path.slice(0, 200)}`);
  }
}
