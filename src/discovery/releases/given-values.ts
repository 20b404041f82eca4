/** Gives values to a chart. */
import { parse } from "yaml";
import type { Located } from "../found/located-value.ts";
import { mergeAll } from "./chart-values.ts";

type Plain = string | number | boolean | null | Plain[] | { [key: string]: Plain };

/**
 * A chart's files with these values put over its own: its `values.yaml` becomes what Helm would make of both. As JSON,
 * which YAML is, too.
 */
export function withValues(files: ReadonlyMap<string, string>, given: readonly Located[]): ReadonlyMap<string, string> {
  const values = mergeAll(given);
  if (values === null) return files;
  const own = readPlain(files.get("values.yaml") ?? "");
  return new Map(files).set("values.yaml", JSON.stringify(merge(own, plainOf(values, 0))));
}

/** A null that is given takes the chart's own value away. */
function merge(base: Plain, over: Plain): Plain {
  if (!isMap(base) || !isMap(over)) return over;
  const merged = new Map(Object.entries(base));
  for (const [key, value] of Object.entries(over)) {
    const below = merged.get(key);
    if (value === null) merged.delete(key);
    else merged.set(key, below === undefined ? value : merge(below, value));
  }
  return Object.fromEntries(merged);
}

function isMap(value: Plain): value is { [key: string]: Plain } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Helm reads YAML 1.1, whose `yes` is true and whose `010` is 8. */
function readPlain(text: string): Plain {
  const documents = parse(text.split(/^---\s*$/m).find((part) => /^[^#\s]/m.test(part)) ?? "", {
    version: "1.1",
    uniqueKeys: false,
    logLevel: "silent",
  }) as Plain;
  return documents ?? {};
}

/** Values as plain data. */
export function plainOf(value: Located, depth: number): Plain {
  if (value.type === "scalar" || depth > 100) return value.type === "scalar" ? value.value : null;
  if (value.type === "list") return value.items.map((item) => plainOf(item, depth + 1));
  return Object.fromEntries([...value.entries].map(([key, item]) => [key, plainOf(item, depth + 1)]));
}
