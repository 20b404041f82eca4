/**
 * Builds Kustomize folders as far as images are concerned: resources, bases, components, patches, `images:`.
 *
 * Nothing is fetched: what is remote, or made by plugins, is named as missing.
 *
 * Source: the Kustomization reference, kustomize v5.7; the order of transformations is that of its own `build`.
 */
import { join, resolve } from "node:path";
import { isThere, namesIn, tryStat } from "../files/reading.ts";
import type { Findings } from "../found/found-image.ts";
import type { Place } from "../found/place.ts";
import {
  itemsAt,
  type Located,
  type LocatedMap,
  type LocatedScalar,
  stringAt,
  stringsAt,
  textAt,
  valueAt,
} from "../found/located-value.ts";
import { overrideImages, toImageOverride } from "./override-images.ts";
import { applyJsonPatch, mergeResource } from "./patch-resource.ts";
import { isNamed, isTargeted, patchEntries, readInlinePatch } from "./patches.ts";

/** Reads a file's documents, adding what is broken to the findings; null when the file cannot be read. */
export type DocumentReader = (path: string, findings: Findings) => Promise<readonly Located[] | null>;

const FILE_NAMES = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
const DEPTH_LIMIT = 32;

/** Is this what a folder's kustomization is called? */
export function isKustomizationFile(name: string): boolean {
  return FILE_NAMES.includes(name);
}

/** One run over kustomizations that may share bases. */
export class KustomizeBuilder {
  /** Every file and folder that a kustomization has taken up, by its absolute path. */
  readonly used = new Set<string>();
  readonly #read: DocumentReader;
  readonly #findings: Findings;

  constructor(read: DocumentReader, findings: Findings) {
    this.#read = read;
    this.#findings = findings;
  }

  /** The folders that the kustomization in `folder` builds upon. */
  async bases(folder: string): Promise<string[]> {
    const file = await this.#kustomization(folder);
    if (file === null) return [];
    const entries = [...stringsAt(file, "resources"), ...stringsAt(file, "bases"), ...stringsAt(file, "components")];
    return entries.filter((entry) => !isRemote(entry.text)).map((entry) => resolve(folder, entry.text));
  }

  /** Is the folder's kustomization a component, which only others build? */
  async isComponent(folder: string): Promise<boolean> {
    const file = await this.#kustomization(folder);
    return file !== null && stringAt(file, "kind") === "Component";
  }

  /** The resources that `kustomize build` would print; for a component, `inherited` as it changes them. */
  async build(folder: string, inherited: readonly Located[] = [], depth = 0): Promise<readonly Located[]> {
    const file = await this.#kustomization(folder);
    if (file === null) return inherited;
    if (depth > DEPTH_LIMIT) {
      this.#findings.error(file, "the kustomizations build upon each other without end");
      return inherited;
    }
    this.used.add(resolve(folder));
    let resources = [...inherited];
    for (const entry of [...stringsAt(file, "resources"), ...stringsAt(file, "bases")]) {
      resources.push(...(await this.#resources(folder, entry, depth)));
    }
    for (const entry of stringsAt(file, "components")) {
      resources = isRemote(entry.text)
        ? this.#remote(entry, resources)
        : [...(await this.build(join(folder, entry.text), resources, depth + 1))];
    }
    resources = await this.#patched(folder, file, resources);
    const overrides = itemsAt(file, "images").flatMap((entry) => toImageOverride(entry) ?? []);
    this.#nameWhatIsNotDone(file);
    for (const chart of [...itemsAt(file, "helmCharts"), ...itemsAt(file, "helmChartInflationGenerator")]) {
      await this.#chart(folder, file, chart);
    }
    return overrides.length === 0 ? resources : resources.map((resource) => overrideImages(resource, overrides));
  }

  async #kustomization(folder: string): Promise<LocatedMap | null> {
    const names = await namesIn(folder);
    const name = FILE_NAMES.find((candidate) => names.includes(candidate));
    if (name === undefined) return null;
    const path = join(folder, name);
    this.used.add(resolve(path));
    const document = (await this.#read(path, this.#findings))?.[0];
    return document?.type === "map" ? document : null;
  }

  async #resources(folder: string, entry: LocatedScalar, depth: number): Promise<readonly Located[]> {
    if (isRemote(entry.text)) return this.#remote(entry, []);
    const path = join(folder, entry.text);
    this.used.add(resolve(path));
    const details = await tryStat(path);
    if (details?.isDirectory() === true) return this.build(path, [], depth + 1);
    const documents = details === null ? null : await this.#read(path, this.#findings);
    if (documents === null) this.#findings.error(entry, `the resource ${JSON.stringify(entry.text)} is not there`);
    return (documents ?? []).flatMap((document) => (isList(document) ? itemsAt(document, "items") : [document]));
  }

  #remote<T>(entry: LocatedScalar, instead: T): T {
    this.#findings.missing(entry, `the remote resource ${entry.text.slice(0, 200)}`, null, { isPart: true });
    return instead;
  }

  /** A chart that Kustomize has Helm render: in its chart home, or elsewhere. */
  async #chart(folder: string, file: LocatedMap, chart: Located): Promise<void> {
    const name = stringAt(chart, "name") ?? stringAt(chart, "chartName");
    if (name === null) return;
    const values: Located[] = [];
    for (const path of [valueAt(chart, "valuesFile"), ...stringsAt(chart, "additionalValuesFiles")]) {
      if (path?.type !== "scalar" || path.text === "") continue;
      this.used.add(resolve(folder, path.text));
      const documents = await this.#read(join(folder, path.text), this.#findings);
      if (documents === null) this.#findings.note(path, `its values in ${path.text} are not here`);
      else values.push(...documents.slice(0, 1));
    }
    const inline = valueAt(chart, "valuesInline") ?? valueAt(chart, "values");
    if (inline?.type === "map") values.push(inline);
    const home = join(folder, stringAt(file, "helmGlobals", "chartHome") ?? "charts", name);
    const isHere = isThere(join(home, "Chart.yaml"));
    const repository = stringAt(chart, "repo") ?? stringAt(chart, "chartRepo") ?? "";
    const version = textAt(chart, "version") ?? textAt(chart, "chartVersion");
    const what = `the chart ${name}${version === null ? "" : ` ${version}`}${repository === "" ? "" : ` of ${repository}`}`;
    const location = isHere ? { repository: `file:${home}`, name: "", version: null } : { repository, name, version };
    this.#findings.missing(chart, what, { ...location, values }, { isPart: true });
  }

  async #patched(folder: string, file: LocatedMap, resources: Located[]): Promise<Located[]> {
    let patched = resources;
    for (const { place, path, inline, target } of patchEntries(file)) {
      if (path !== null) this.used.add(resolve(folder, path));
      const inside = inline === null ? null : readInlinePatch(inline, this.#findings);
      const documents = inside ?? (await this.#read(join(folder, path ?? ""), this.#findings));
      if (documents === null) this.#findings.error(place, `the patch ${JSON.stringify(path)} is not there`);
      for (const patch of documents ?? []) patched = this.#apply(patch, target, place, patched);
    }
    return patched;
  }

  #apply(patch: Located, target: Located | null, place: Place, resources: Located[]): Located[] {
    let hits = 0;
    const result = resources.flatMap((resource): Located[] => {
      const isChosen =
        target !== null ? isTargeted(resource, target) : patch.type === "map" && isNamed(resource, patch);
      if (!isChosen || resource.type !== "map") return [resource];
      hits++;
      if (stringAt(patch, "$patch") === "delete") return [];
      try {
        return [
          patch.type === "map"
            ? mergeResource(resource, patch)
            : applyJsonPatch(resource, patch.type === "list" ? patch.items : []),
        ];
      } catch (error) {
        this.#findings.error(
          place,
          `the patch cannot be applied: ${error instanceof Error ? error.message : String(error)}`,
        );
        return [resource];
      }
    });
    if (hits === 0) this.#findings.note(place, "the patch matches none of the resources");
    return result;
  }

  #nameWhatIsNotDone(file: LocatedMap): void {
    for (const key of ["generators", "transformers"]) {
      const entry = itemsAt(file, key)[0];
      if (entry === undefined) continue;
      const message = `${key} are not run: give the output of kustomize build to have all images listed`;
      if (key === "transformers") this.#findings.note(entry, message);
      else this.#findings.error(entry, message);
    }
    for (const replacement of itemsAt(file, "replacements")) {
      const paths = itemsAt(replacement, "targets").flatMap((target) => stringsAt(target, "fieldPaths"));
      const path = paths.find(({ text }) => /image/i.test(text));
      if (path !== undefined) this.#findings.error(path, "replacements are not run, and this one changes an image");
    }
  }
}

/** What Kustomize fetches: URLs, Git addresses, and hosts with a path. */
function isRemote(entry: string): boolean {
  return (
    /^(?:[a-z+]+:\/\/|git::|git@)/i.test(entry) ||
    /^(?:[\w-]+\.)+(?:com|org|io|net|dev)\/[^/]+\//i.test(entry) ||
    entry.includes("?ref=")
  );
}

function isList(document: Located): boolean {
  return (stringAt(document, "kind") ?? "").endsWith("List") && valueAt(document, "items")?.type === "list";
}
