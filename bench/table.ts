import type { Row } from "./row.ts";

const HEAD = ["measurement", "larder", "beside it", "figure", "goal", "verdict"];

/** The rows as a Markdown table whose columns line up in a terminal too. */
export function formatTable(rows: readonly Row[]): string {
  const lines = [HEAD, ...rows.map(cellsOf)];
  const widths = HEAD.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
  const print = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const rule = widths.map((width) => "-".repeat(width));
  return [HEAD, rule, ...lines.slice(1)].map(print).join("\n");
}

function cellsOf({ what, larder, beside, figure, goal, met }: Row): string[] {
  return [what, larder, beside, figure, goal, met === null ? "" : met ? "reached" : "MISSED"];
}
