/** Tekton's tasks and pipelines. Source: Tekton Pipelines v1 API: steps, sidecars, params, the bundles resolver. */
import type { Findings } from "../found/found-image.ts";
import {
  itemsAt,
  type Located,
  type LocatedMap,
  type LocatedScalar,
  scalarFor,
  stringAt,
  textAt,
  valueAt,
} from "../found/located-value.ts";
import type { DocumentFormat } from "../files/document-format.ts";
import { scanManifest } from "../files/kubernetes-manifest.ts";

export const tekton: DocumentFormat = {
  tool: "Tekton",
  mark: /\btekton\.dev\//,
  recognizes: (document) => /^(?:\w+\.)?tekton\.dev\//.test(stringAt(document, "apiVersion") ?? ""),
  read(document, _file, findings) {
    const filled = new ParameterFilling().fill(document, new Map());
    scanManifest(filled, { source: "kubernetes", guess: false, embedding: 0 }, findings);
    readBundles(document, findings, new Set(), 0);
  },
};

type Scope = ReadonlyMap<string, string>;

/** Fills in parameters. What an alias repeats is filled once wherever the same parameters hold, however often it is met. */
class ParameterFilling {
  readonly #filled = new WeakMap<Scope, Map<Located, Located>>();

  /** The document with `$(params.NAME)` replaced by what the parameter is given, or its default, wherever one is known. */
  fill(value: Located, outer: Scope, depth = 0): Located {
    if (depth > 60) return value;
    if (value.type === "scalar") return fillText(value, outer);
    const known = this.#filled.get(outer) ?? new Map<Located, Located>();
    this.#filled.set(outer, known);
    const filled = known.get(value) ?? this.#inner(value, outer, depth);
    known.set(value, filled);
    return filled;
  }

  #inner(value: Exclude<Located, LocatedScalar>, outer: Scope, depth: number): Located {
    if (value.type === "list") return { ...value, items: value.items.map((item) => this.fill(item, outer, depth + 1)) };
    const own = parametersOf(value);
    const scope = own.length === 0 ? outer : new Map([...outer, ...own]);
    const entries = [...value.entries].map(([key, item]) => [key, this.fill(item, scope, depth + 1)] as const);
    return { ...value, entries: new Map(entries) };
  }
}

function fillText(value: LocatedScalar, scope: Scope): Located {
  if (typeof value.value !== "string" || !value.text.includes("$(")) return value;
  const text = value.text.replace(
    /\$\((?:inputs\.)?params(?:\.([\w.-]+)|\[["']([\w.-]+)["']\])\)/g,
    (whole, name?: string, quoted?: string) => scope.get(name ?? quoted ?? "") ?? whole,
  );
  return text === value.text ? value : { ...scalarFor(value, text), textLine: value.textLine };
}

function parametersOf(map: LocatedMap): [string, string][] {
  return itemsAt(map, "params").flatMap((parameter): [string, string][] => {
    const name = textAt(parameter, "name");
    const value = textAt(parameter, "value") ?? textAt(parameter, "default");
    return name === null || value === null ? [] : [[name, value]];
  });
}

function readBundles(value: Located, findings: Findings, seen: Set<Located>, depth: number): void {
  if (depth > 60 || value.type === "scalar" || seen.has(value)) return;
  seen.add(value);
  if (value.type === "list") for (const item of value.items) readBundles(item, findings, seen, depth + 1);
  else {
    const isResolver = stringAt(value, "resolver") === "bundles";
    const given = itemsAt(value, "params").find((parameter) => stringAt(parameter, "name") === "bundle");
    const bundle = isResolver ? valueAt(given ?? null, "value") : null;
    if (bundle?.type === "scalar" && !bundle.text.includes("$(")) {
      findings.image(bundle, bundle.text, "field", "kubernetes");
    }
    const older = valueAt(value, "taskRef", "bundle") ?? valueAt(value, "pipelineRef", "bundle");
    if (older?.type === "scalar") findings.image(older, older.text, "field", "kubernetes");
    for (const item of value.entries.values()) readBundles(item, findings, seen, depth + 1);
  }
}
