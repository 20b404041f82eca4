import { cutMiddle, SHORT_DIGEST_CELLS, shortenDigest, wrapText } from "../lib/text/fit-text.ts";

/**
 * A column of a table. Where there is no room a `name` is cut in its middle, a `digest` to its first digits; a `fact` (a
 * number, a time, a word) never is; `prose`, in the last column alone, goes on below.
 */
export type Column = { readonly title: string; readonly kind: "name" | "digest" | "fact" | "prose" };

/** Shorter names tell nothing. */
const LEAST_NAME = 16;
const LEAST_PROSE = 24;
const GAP = "  ";

/**
 * Formats rows under their titles, in columns as wide as their widest cell; the last one is not padded. `width` is the
 * terminal's, which no line is wider than; null when it is none: then nothing is cut. Where the columns have no room side
 * by side, each row becomes a paragraph: its first cell, and the others with their titles below.
 */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number | null,
): string {
  const widths = columns.map(({ title }, at) => Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const fitted = width === null ? widths : fitWidths(columns, widths, width);
  if (fitted === null) return rows.map((row) => formatParagraph(columns, row, width ?? 0)).join("");
  const head = formatRow(
    columns.map(({ title }) => title),
    fitted,
  );
  return [head, ...rows.flatMap((row) => formatCells(columns, row, fitted))].map((line) => `${line}\n`).join("");
}

/** The widths that the columns get, null when they cannot stand side by side. */
function fitWidths(columns: readonly Column[], natural: readonly number[], width: number): readonly number[] | null {
  const widths = [...natural];
  const gaps = GAP.length * (columns.length - 1);
  const excess = () => widths.reduce((sum, one) => sum + one, gaps) - width;
  const shrink = (kind: Column["kind"], least: number): void => {
    columns.forEach((column, at) => {
      const now = widths[at] ?? 0;
      if (column.kind !== kind || excess() <= 0) return;
      widths[at] = Math.max(Math.min(now, Math.max(least, column.title.length)), now - excess());
    });
  };
  shrink("prose", LEAST_PROSE);
  // A digest is whole or short; a length in between says nothing more.
  columns.forEach((column, at) => {
    if (column.kind === "digest" && excess() > 0) widths[at] = Math.min(widths[at] ?? 0, SHORT_DIGEST_CELLS);
  });
  shrink("name", LEAST_NAME);
  return excess() > 0 ? null : widths;
}

function formatCells(columns: readonly Column[], row: readonly string[], widths: readonly number[]): readonly string[] {
  const last = columns.length - 1;
  const cells = row.map((cell, at) => fitCell(columns[at]?.kind ?? "fact", cell, widths[at] ?? 0));
  if (columns[last]?.kind !== "prose") return [formatRow(cells, widths)];
  const [first = "", ...more] = wrapText(row[last] ?? "", widths[last] ?? 0).split("\n");
  const indent = " ".repeat(widths.slice(0, -1).reduce((sum, one) => sum + one + GAP.length, 0));
  return [formatRow([...cells.slice(0, -1), first], widths), ...more.map((line) => `${indent}${line}`)];
}

function fitCell(kind: Column["kind"], cell: string, cells: number): string {
  if (kind === "digest") return shortenDigest(cell, cells);
  return kind === "name" ? cutMiddle(cell, cells) : cell;
}

function formatRow(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((cell, at) => cell.padEnd(widths[at] ?? 0))
    .join(GAP)
    .trimEnd();
}

/** The first cell, and the others below it, each behind its title. */
function formatParagraph(columns: readonly Column[], row: readonly string[], width: number): string {
  const [first = "", ...others] = row.map((cell, at) => {
    const { kind, title } = columns[at] ?? { kind: "fact", title: "" };
    const room = at === 0 ? width : width - GAP.length - title.length - 1;
    const fitted = kind === "prose" ? cell : fitCell(kind, cell, Math.max(LEAST_NAME, room));
    // A name needs no title; a number without one says nothing.
    return at === 0 && /^\d/.test(cell) ? `${title.toLowerCase()} ${fitted}` : fitted;
  });
  const facts = others.map((cell, at) => {
    const title = (columns[at + 1]?.title ?? "").toLowerCase();
    return cell === "" || cell === "-" ? "" : `${title} ${cell}`.trimStart();
  });
  const lines: string[] = [];
  for (const fact of facts.filter((one) => one !== "")) {
    const joined = `${lines.at(-1) ?? ""}${GAP}${fact}`;
    if (lines.length > 0 && joined.length <= width) lines[lines.length - 1] = joined;
    else lines.push(wrapText(`${GAP}${fact}`, width));
  }
  return [first, ...lines].map((line) => `${line}\n`).join("");
}
