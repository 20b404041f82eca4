/** Values as TOML. Source: TOML v1.0.0; BurntSushi/toml v1.5. */
import { formatFloat, formatValue } from "./format-value.ts";
import { assertBounded, contentOf, sortedKeys, type TemplateMap, type TemplateValue } from "./template-value.ts";

/** The value as TOML; what is no dictionary has none, and is an empty text. */
export function printToml(value: TemplateValue): string {
  assertBounded(value);
  const map = contentOf(value);
  return map instanceof Map ? table(map, [], "") : "";
}

/** Plain values first, tables behind them: what follows a table's head belongs to it. */
function table(map: TemplateMap, path: readonly string[], indent: string): string {
  const lines: string[] = [];
  const tables: string[] = [];
  for (const key of sortedKeys(map)) {
    const value = contentOf(map.get(key));
    const inner = [...path, quoteKey(key)];
    const head = inner.join(".");
    const deeper = path.length === 0 ? "" : `${indent}  `;
    if (value === null) continue;
    if (value instanceof Map) tables.push(`\n${deeper}[${head}]\n${table(value, inner, deeper)}`);
    else if (isTableList(value))
      tables.push(...value.map((item) => `\n${deeper}[[${head}]]\n${table(item, inner, deeper)}`));
    else lines.push(`${path.length === 0 ? "" : `${indent}  `}${quoteKey(key)} = ${inline(value)}\n`);
  }
  return [...lines, ...tables].join("");
}

function isTableList(value: TemplateValue): value is TemplateMap[] {
  return Array.isArray(value) && value.length > 0 && value.every((item) => item instanceof Map);
}

function quoteKey(key: string): string {
  return /^[\w-]+$/.test(key) ? key : JSON.stringify(key);
}

function inline(value: TemplateValue): string {
  const content = contentOf(value);
  if (Array.isArray(content)) return `[${content.map(inline).join(", ")}]`;
  if (content instanceof Map)
    return `{${sortedKeys(content)
      .map((key) => `${quoteKey(key)} = ${inline(content.get(key) ?? null)}`)
      .join(", ")}}`;
  if (typeof content === "string") return JSON.stringify(content);
  if (typeof content !== "number") return formatValue(content);
  return Number.isInteger(content) && Math.abs(content) < 1e21 ? `${BigInt(content)}.0` : formatFloat(content);
}
