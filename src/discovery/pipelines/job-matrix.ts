/** The combinations that a job runs in. Source: GitHub Actions' workflow syntax, "jobs.<job_id>.strategy.matrix"; Woodpecker's and GitLab's are simpler. */
import { itemsAt, type Located, valueAt } from "../found/located-value.ts";

/** What each name of the matrix is in one combination. */
export type MatrixRow = ReadonlyMap<string, Located>;

/** GitHub refuses larger ones. */
const ROW_LIMIT = 256;

/** The combinations of `matrix`: those of its lists without `exclude`, then what `include` adds; one empty one without a matrix. */
export function matrixRows(matrix: Located | null): readonly MatrixRow[] {
  if (matrix?.type !== "map") return [new Map()];
  const lists = [...matrix.entries].filter(([name]) => name !== "include" && name !== "exclude");
  const rows = crossProduct(
    lists.flatMap(([name, list]) => (list.type === "list" ? [[name, list.items] as const] : [])),
  );
  const excluded = itemsAt(matrix, "exclude");
  const kept = rows.filter((row) => !excluded.some((entry) => entry.type === "map" && agrees(row, entry.entries)));
  const combined: Map<string, Located>[] = kept.filter((row) => row.size > 0).map((row) => new Map(row));
  const originals = combined.map((row) => new Map(row));
  for (const entry of itemsAt(matrix, "include")) {
    if (entry.type !== "map" || combined.length >= ROW_LIMIT) continue;
    let isNew = true;
    for (const [index, original] of originals.entries()) {
      const shared = new Map([...entry.entries].filter(([name]) => original.has(name)));
      if (!agrees(original, shared)) continue;
      isNew = false;
      for (const [name, value] of entry.entries) combined[index]?.set(name, value);
    }
    if (isNew) combined.push(new Map(entry.entries));
  }
  return combined.length === 0 ? [new Map()] : combined;
}

/** Every combination of the items of some lists. */
export function crossProduct(lists: readonly (readonly [string, readonly Located[]])[]): MatrixRow[] {
  let rows: Map<string, Located>[] = [new Map()];
  for (const [name, items] of lists) {
    rows = rows.flatMap((row) => items.map((item) => new Map(row).set(name, item))).slice(0, ROW_LIMIT);
  }
  return rows;
}

/** What stands in a row along a path of names; null when there is no text there. */
export function textIn(row: MatrixRow, path: readonly string[]): string | null {
  const [name = "", ...rest] = path;
  const at = valueAt(row.get(name) ?? null, ...rest);
  return at?.type === "scalar" ? String(at.value ?? "") : null;
}

function agrees(row: MatrixRow, wanted: ReadonlyMap<string, Located>): boolean {
  return [...wanted].every(([name, value]) => {
    const own = row.get(name);
    return own !== undefined && plain(own) === plain(value);
  });
}

function plain(value: Located): string {
  if (value.type === "scalar") return JSON.stringify(value.value);
  if (value.type === "list") return `[${value.items.map(plain).join()}]`;
  return `{${[...value.entries].map(([key, item]) => `${key}:${plain(item)}`).join()}}`;
}
