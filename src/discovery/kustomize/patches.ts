/** The patches of a kustomization, and which resources each is for. Source: the Kustomization reference, "patches". */
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
import type { Findings } from "../found/found-image.ts";
import type { Place } from "../found/place.ts";
import { readDocuments } from "../files/yaml-documents.ts";

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

/** A patch: in a file or in the kustomization itself. `target` is null when the patch names its resource. */
type PatchEntry = {
  readonly place: Place;
  readonly path: string | null;
  readonly inline: LocatedScalar | null;
  readonly target: Located | null;
};

/** The patches that a kustomization lists, in the older forms too, in the order in which they are applied. */
export function patchEntries(file: LocatedMap): PatchEntry[] {
  const strategic = stringsAt(file, "patchesStrategicMerge").map((entry): PatchEntry => {
    // An entry that spans lines is the patch itself.
    const isInline = entry.text.includes("\n");
    return { place: entry, path: isInline ? null : entry.text, inline: isInline ? entry : null, target: null };
  });
  const others = [...itemsAt(file, "patches"), ...itemsAt(file, "patchesJson6902")].map((entry): PatchEntry => {
    const inline = valueAt(entry, "patch");
    const target = valueAt(entry, "target");
    return { place: entry, path: textAt(entry, "path"), inline: inline?.type === "scalar" ? inline : null, target };
  });
  return [...strategic, ...others];
}

/** The documents of a patch that is written in the kustomization. */
export function readInlinePatch(inline: LocatedScalar, findings: Findings): Located[] {
  const first = inline.textLine;
  const origin = (line: number) => ({ file: inline.file, line: first === null ? null : first + line - 1 });
  return readDocuments(inline.text, origin, findings);
}
