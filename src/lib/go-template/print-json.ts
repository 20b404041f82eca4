/** Values as JSON, as Go writes it: keys sorted. Source: Go 1.26, encoding/json. */
import { assertBounded, sortedKeys, TemplateObject, type TemplateValue, Unresolved } from "./template-value.ts";

/** How to write. `indent` is a number of spaces; without it everything stands in one line. */
export type JsonStyle = { readonly escapesHtml?: boolean; readonly indent?: number };

/** The value as JSON. Throws `TemplateError` when it is too large. */
export function printJson(value: TemplateValue, { escapesHtml = false, indent = 0 }: JsonStyle = {}): string {
  assertBounded(value);
  const text = JSON.stringify(toJavaScript(value), null, indent);
  const plain = text.replace(/[\u2028\u2029]/g, (char) => (char === "\u2028" ? "\\u2028" : "\\u2029"));
  return escapesHtml ? plain.replace(/[<>&]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`) : plain;
}

function toJavaScript(value: TemplateValue): unknown {
  if (Array.isArray(value)) return value.map(toJavaScript);
  if (value instanceof Map) {
    const object = Object.create(null) as Record<string, unknown>;
    for (const key of sortedKeys(value)) object[key] = toJavaScript(value.get(key) ?? null);
    return object;
  }
  if (value instanceof TemplateObject) return toJavaScript(value.content);
  if (typeof value === "bigint") return Number(value);
  return value instanceof Unresolved || typeof value === "function" ? null : value;
}
