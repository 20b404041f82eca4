/**
 * The services of a Compose file as Compose has them once it has put its files together: `include`, `extends`, override
 * files.
 *
 * Source: the Compose specification (2025), "include", "extends", "merge".
 */
import { namesIn } from "../files/reading.ts";
import { basename, dirname, resolve } from "node:path";
import type { Findings } from "../found/found-image.ts";
import {
  itemsAt,
  type Located,
  type LocatedMap,
  type LocatedScalar,
  scalarFor,
  stringAt,
  valueAt,
} from "../found/located-value.ts";
import { readText } from "../files/read-text.ts";
import { substituteVariables } from "../files/variable-substitution.ts";
import { linesOf, readDocuments } from "../files/yaml-documents.ts";
import { composeEnvironment } from "./compose-environment.ts";
import { mergeServices } from "./merge-services.ts";

/** A service and the variables that its file is filled in with. */
export type ComposeService = { readonly service: LocatedMap; readonly variables: ReadonlyMap<string, string> };

const DEPTH_LIMIT = 16;
const FILE_LIMIT = 500;

/** Loads the services of one project. */
export class ComposeServices {
  readonly services: ComposeService[] = [];
  readonly #findings: Findings;
  readonly #signal: AbortSignal;
  readonly #loaded = new Set<string>();
  readonly #files = new Map<string, LocatedMap | null>();

  constructor(findings: Findings, signal: AbortSignal) {
    this.#findings = findings;
    this.#signal = signal;
  }

  /** Adds the services of the document that stands in the file `path`. */
  async load(
    document: LocatedMap,
    path: string,
    outer: ReadonlyMap<string, string> = new Map(),
    environmentFiles: readonly string[] = [],
    depth = 0,
  ): Promise<void> {
    const variables = await composeEnvironment(dirname(path), environmentFiles, outer, this.#signal);
    const override = await this.#override(path);
    const whole = override === null ? document : mergeServices(document, override);
    const services = valueAt(whole, "services");
    for (const service of services?.type === "map" ? services.entries.values() : []) {
      if (service.type !== "map") continue;
      this.services.push({ service: await this.#extended(service, whole, path, variables, 0), variables });
    }
    for (const entry of itemsAt(whole, "include")) await this.#include(entry, path, variables, depth + 1);
  }

  /** The file that Compose merges over its default file without being told. */
  async #override(path: string): Promise<LocatedMap | null> {
    const base = /^((?:docker-)?compose)\.ya?ml$/.exec(basename(path))?.[1];
    if (base === undefined) return null;
    const names = await namesIn(dirname(path));
    const name = names.find((one) => one === `${base}.override.yml` || one === `${base}.override.yaml`);
    return name === undefined ? null : this.#file(resolve(dirname(path), name));
  }

  async #include(entry: Located, path: string, variables: ReadonlyMap<string, string>, depth: number): Promise<void> {
    const listed = valueAt(entry, "path");
    const paths = entry.type === "scalar" ? [entry] : listed?.type === "list" ? listed.items : [listed];
    const environment = valueAt(entry, "env_file");
    const files = (environment?.type === "list" ? environment.items : [environment]).flatMap((file) =>
      file?.type === "scalar" && file.text !== "" ? [resolve(dirname(path), file.text)] : [],
    );
    let whole: LocatedMap | null = null;
    let first = path;
    for (const scalar of paths) {
      if (scalar?.type !== "scalar" || scalar.text === "") continue;
      const { text } = substituteVariables(scalar.text, variables);
      const document = await this.#named(scalar, text, path);
      if (document === null) continue;
      // It was read with the variables that it is included with, which by itself it may lack.
      this.#findings.parts.add(resolve(dirname(path), text));
      if (whole === null) first = resolve(dirname(path), text);
      whole = whole === null ? document : mergeServices(whole, document);
    }
    // A file that is included twice, or by itself, says the same again.
    if (whole === null || depth > DEPTH_LIMIT || this.#loaded.has(first)) return;
    this.#loaded.add(first);
    await this.load(whole, first, variables, files, depth);
  }

  async #extended(
    service: LocatedMap,
    document: LocatedMap,
    path: string,
    variables: ReadonlyMap<string, string>,
    depth: number,
  ): Promise<LocatedMap> {
    const extended = valueAt(service, "extends");
    if (extended === null || depth > DEPTH_LIMIT) return service;
    const name = extended.type === "scalar" ? extended.text : stringAt(extended, "service");
    const file = valueAt(extended, "file");
    const isOther = file?.type === "scalar" && file.text !== "";
    const target = isOther ? substituteVariables(file.text, variables).text : "";
    const home = isOther ? await this.#named(file, target, path) : document;
    const base = home === null ? null : valueAt(home, "services", name ?? "");
    if (home === null || base?.type !== "map") return service;
    const there = isOther ? resolve(dirname(path), target) : path;
    return mergeServices(await this.#extended(base, home, there, variables, depth + 1), service);
  }

  /** A Compose file that another one names; null, and said so, when it is not here. */
  async #named(place: LocatedScalar, target: string, path: string): Promise<LocatedMap | null> {
    const isRemote = /^(?:[a-z+]+:\/\/|git@|oci:)/i.test(target);
    const document = isRemote ? null : await this.#file(resolve(dirname(path), target));
    if (document === null) this.#findings.missing(place, `the Compose file ${target.slice(0, 200)}`);
    return document;
  }

  async #file(path: string): Promise<LocatedMap | null> {
    const known = this.#files.get(path);
    if (known !== undefined) return known;
    if (this.#files.size >= FILE_LIMIT) return null;
    const { text } = await readText(path, this.#signal);
    const document = text === null ? undefined : readDocuments(text, linesOf(path), this.#findings)[0];
    const map = document?.type === "map" ? document : null;
    this.#files.set(path, map);
    return map;
  }
}

/** A service's build as a map, however it is written; null when it is not built. */
export function buildOf(service: LocatedMap): LocatedMap | null {
  const build = valueAt(service, "build");
  if (build?.type === "map") return build;
  if (build?.type !== "scalar" || build.text === "") return null;
  return { ...build, type: "map", entries: new Map([["context", scalarFor(build, build.text)]]) };
}
