/** How templates get at the parts of values. Source: Go 1.26, text/template. */
import { sortedKeys, type TemplateValue, Unresolved } from "./template-value.ts";

/** What `range` goes through: keys and values, methods left out. */
export function entriesOf(value: TemplateValue): [TemplateValue, TemplateValue][] {
  if (Array.isArray(value)) return value.map((item, index) => [index, item]);
  if (value instanceof Map) {
    const entries = sortedKeys(value).map((key): [TemplateValue, TemplateValue] => [key, value.get(key) ?? null]);
    return entries.filter(([, item]) => typeof item !== "function");
  }
  if (typeof value === "number") return Array.from({ length: Math.min(Math.max(value, 0), 100_000) }, (_, i) => [i, i]);
  return [];
}

/** The value at the end of `.a.b`; `args` go to it when it is a method. A field of nothing is nil. */
export function followFields(
  start: TemplateValue,
  fields: readonly string[],
  args: readonly TemplateValue[],
): TemplateValue {
  let value = start;
  for (const [index, field] of fields.entries()) {
    if (value instanceof Unresolved) return value;
    value = value instanceof Map ? (value.get(field) ?? null) : null;
    if (typeof value === "function") value = value(index === fields.length - 1 ? args : []);
  }
  return value;
}
