/** The patches that a kustomization lists. Source: the Kustomization reference, "patches" and its older forms. */
import type { Findings, Place } from "../found/found-image.ts";
import {
  itemsAt,
  type Located,
  type LocatedMap,
  type LocatedScalar,
  stringsAt,
  textAt,
  valueAt,
} from "../found/located-value.ts";
import { readDocuments } from "../files/yaml-documents.ts";

/** A patch: in a file or in the kustomization itself. `target` is null when the patch names its resource. */
export type PatchEntry = {
  readonly place: Place;
  readonly path: string | null;
  readonly inline: LocatedScalar | null;
  readonly target: Located | null;
};

/** The patches in the order in which they are applied. */
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
