/** Values as YAML, as Helm's `toYaml` prints them: keys sorted, lists at the column of their key, no newline at the end. */
import { formatValue } from "./format-value.ts";
import {
  assertBounded,
  contentOf,
  sortedKeys,
  type TemplateMap,
  type TemplateValue,
  Unresolved,
} from "./template-value.ts";

/** How to print. `toYaml` leaves lists at their key's column, `toYamlPretty` indents them. */
export type YamlStyle = { readonly indentsLists: boolean };

/** The value as YAML. Throws `TemplateError` when it is too large. */
export function printYaml(value: TemplateValue, style: YamlStyle = { indentsLists: false }): string {
  assertBounded(value);
  return block(contentOf(value), 0, style);
}

/** A value whose first line stands at column `indent` already. */
function block(value: TemplateValue, indent: number, style: YamlStyle): string {
  if (Array.isArray(value) && value.length > 0) {
    return value.map((item) => `- ${block(contentOf(item), indent + 2, style)}`).join(newline(indent));
  }
  if (value instanceof Map && value.size > 0) return entries(value, indent, style);
  return scalar(value, indent);
}

function entries(map: TemplateMap, indent: number, style: YamlStyle): string {
  return sortedKeys(map)
    .map((key) => {
      const value = contentOf(map.get(key));
      const name = keyText(key);
      if (Array.isArray(value) && value.length > 0) {
        const inner = style.indentsLists ? indent + 2 : indent;
        return `${name}:${newline(inner)}${block(value, inner, style)}`;
      }
      if (value instanceof Map && value.size > 0)
        return `${name}:${newline(indent + 2)}${block(value, indent + 2, style)}`;
      return `${name}: ${scalar(value, indent + 2)}`;
    })
    .join(newline(indent));
}

function newline(indent: number): string {
  return `\n${" ".repeat(indent)}`;
}

function keyText(key: string): string {
  return key.includes("\n") || key.length > 120 ? `? ${JSON.stringify(key)}\n` : text(key);
}

function scalar(value: TemplateValue, indent: number): string {
  if (value === null || typeof value === "function" || value instanceof Unresolved) return "null";
  if (Array.isArray(value)) return "[]";
  if (value instanceof Map) return "{}";
  if (typeof value === "string") return value.includes("\n") ? literal(value, indent) : text(value);
  // All digits, where a template would print an exponent.
  return typeof value === "number" ? JSON.stringify(value) : formatValue(value);
}

/** Would YAML 1.1 read this as something else than text? */
const OTHER_THAN_TEXT =
  /^(?:~|null|true|false|yes|no|on|off|y|n|<<|=|[-+]?(?:0b[01_]+|0o?[0-7_]+|0x[\da-f_]+|[\d_]*\.?[\d_]+(?:e[-+]?\d+)?|[\d_]+\.[\d_]*(?:e[-+]?\d+)?)|[-+]?\.inf|\.nan|[-+]?[1-9][\d_]*(?::[0-5]?\d)+(?:\.\d*)?|\d{4}-\d\d?-\d\d?(?:(?:T| )\d\d?:\d\d?:\d\d?(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?)?)$/i;
const NEEDS_QUOTES = /^[\s,[\]{}&*#!|>'"%@`]|^[-?:](?:\s|$)|^(?:---|\.\.\.)|: |:$| #|\s$/;

function text(value: string): string {
  if (value === "" || OTHER_THAN_TEXT.test(value)) return JSON.stringify(value);
  if (/[\p{Cc}\ufeff]/u.test(value)) return JSON.stringify(value);
  return NEEDS_QUOTES.test(value) ? `'${value.replaceAll("'", "''")}'` : value;
}

/** A `|` block: what ends in no newline, or in several, is marked so. */
function literal(value: string, indent: number): string {
  if (/[^\P{Cc}\n\t]|\ufeff/u.test(value) || value.trim() === "") return JSON.stringify(value);
  const hint = /^[ \n]/.test(value) ? "2" : "";
  const end = value.endsWith("\n") ? (value.endsWith("\n\n") ? "+" : "") : "-";
  const lines = (value.endsWith("\n") ? value.slice(0, -1) : value).split("\n");
  const space = " ".repeat(Math.max(indent, 2));
  return `|${hint}${end}\n${lines.map((line) => (line === "" ? "" : space + line)).join("\n")}`;
}
