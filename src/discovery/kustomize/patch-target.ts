/** Which resources a Kustomize patch is for. Source: the Kustomization reference, "patches". */
import { type Located, type LocatedMap, stringAt, textAt, valueAt } from "../found/located-value.ts";

/** Does `target:` of a patch choose the resource? Names are expressions that match as a whole, labels are `key=value`. */
export function isTargeted(resource: Located, target: Located): boolean {
  const [group, version] = groupVersion(resource);
  const facts: [string, string][] = [
    ["group", group],
    ["version", version],
    ["kind", stringAt(resource, "kind") ?? ""],
    ["name", stringAt(resource, "metadata", "name") ?? ""],
    ["namespace", stringAt(resource, "metadata", "namespace") ?? ""],
  ];
  return (
    facts.every(([key, fact]) => matches(fact, textAt(target, key))) &&
    matchesLabels(valueAt(resource, "metadata", "labels"), textAt(target, "labelSelector")) &&
    matchesLabels(valueAt(resource, "metadata", "annotations"), textAt(target, "annotationSelector"))
  );
}

/** Is the strategic merge patch for this resource: of the same group, kind, name and, if it gives one, namespace? */
export function isNamed(resource: Located, patch: LocatedMap): boolean {
  const namespace = stringAt(patch, "metadata", "namespace");
  return (
    groupVersion(resource)[0] === groupVersion(patch)[0] &&
    stringAt(resource, "kind") === stringAt(patch, "kind") &&
    stringAt(resource, "metadata", "name") === stringAt(patch, "metadata", "name") &&
    (namespace === null || namespace === (stringAt(resource, "metadata", "namespace") ?? namespace))
  );
}

function groupVersion(resource: Located): [string, string] {
  const parts = (stringAt(resource, "apiVersion") ?? "").split("/");
  return parts.length === 1 ? ["", parts[0] ?? ""] : [parts[0] ?? "", parts[1] ?? ""];
}

function matches(fact: string, pattern: string | null): boolean {
  if (pattern === null || pattern === fact) return true;
  try {
    return new RegExp(`^(?:${pattern.slice(0, 200)})$`).test(fact);
  } catch {
    // What is no expression matches only itself.
    return false;
  }
}

function matchesLabels(labels: Located | null, selector: string | null): boolean {
  if (selector === null) return true;
  return selector.split(",").every((term) => {
    const [, key = "", operator = "", wanted = ""] = /^\s*!?([^\s!=]+)\s*(!?=?=?)\s*(\S*)\s*$/.exec(term) ?? [];
    const value = textAt(labels, key);
    if (operator === "") return term.trim().startsWith("!") ? value === null : value !== null;
    return operator.startsWith("!") ? value !== wanted : value === wanted;
  });
}
