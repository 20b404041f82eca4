/**
 * Plain data that remembers where each part of it was written, so that an image can be traced to its line after a
 * document was merged, patched or rendered.
 */
import type { Place } from "./place.ts";

/** A string, number, boolean or null. `text` is the scalar as written, without quotes: `1.10` stays `1.10`. */
export type LocatedScalar = Place & {
  readonly type: "scalar";
  readonly value: string | number | boolean | null;
  readonly text: string;
  /** The line that the text's own first line stands in; one below `line` for `|` and `>` blocks. */
  readonly textLine: number | null;
  /** Where a line of the text, from 1, stands: of `|` blocks alone, which keep the file's lines. */
  readonly textPlace?: (line: number) => Place;
};

/** A list. */
type LocatedList = Place & { readonly type: "list"; readonly items: readonly Located[] };

/** A mapping. Merge keys (`<<`) are resolved. */
export type LocatedMap = Place & { readonly type: "map"; readonly entries: ReadonlyMap<string, Located> };

/** Any part of a document. */
export type Located = LocatedScalar | LocatedList | LocatedMap;

/** The value under a key, or along keys; null when it is not there. */
export function valueAt(value: Located | null, ...keys: readonly string[]): Located | null {
  let at = value;
  for (const key of keys) at = at?.type === "map" ? (at.entries.get(key) ?? null) : null;
  return at;
}

/** The string under a key, or along keys; null when there is none, or something else than a string. */
export function stringAt(value: Located | null, ...keys: readonly string[]): string | null {
  const at = valueAt(value, ...keys);
  return at?.type === "scalar" && typeof at.value === "string" ? at.value : null;
}

/** The scalar under a key as it was written (numbers included); null when there is none or it is null or empty. */
export function textAt(value: Located | null, key: string): string | null {
  const at = valueAt(value, key);
  return at?.type === "scalar" && at.value !== null && at.text !== "" ? at.text : null;
}

/** The items of the list under a key, or along keys; none when there is no list. */
export function itemsAt(value: Located | null, ...keys: readonly string[]): readonly Located[] {
  const at = valueAt(value, ...keys);
  return at?.type === "list" ? at.items : [];
}

/** The strings of the list under a key. */
export function stringsAt(value: Located | null, key: string): readonly LocatedScalar[] {
  return itemsAt(value, key).filter(
    (item) => item.type === "scalar" && typeof item.value === "string",
  ) as LocatedScalar[];
}

/** A scalar that stands where `place` is. */
export function scalarFor(place: Place, value: LocatedScalar["value"]): LocatedScalar {
  const text = value === null ? "" : String(value);
  return { type: "scalar", value, text, textLine: place.line, file: place.file, line: place.line };
}

/** Where the text of a scalar begins: of a `|` or `>` block, one line below. */
export function textPlace({ file, textLine }: LocatedScalar): Place {
  return { file, line: textLine };
}
