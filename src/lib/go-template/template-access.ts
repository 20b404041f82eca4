/** How templates get at the parts of values. Source: Go 1.26, text/template. */
import { typeName } from "./format-value.ts";
import {
  CallFailure,
  sortedKeys,
  TemplateError,
  TemplateObject,
  type TemplateValue,
  Unresolved,
} from "./template-value.ts";

const RANGE_LIMIT = 100_000;

/** What `range` goes through: keys and values. Throws `CallFailure` for what Go cannot go through. */
export function entriesOf(value: TemplateValue): [TemplateValue, TemplateValue][] {
  if (Array.isArray(value)) return value.map((item, index) => [BigInt(index), item]);
  if (value instanceof Map) return sortedKeys(value).map((key) => [key, value.get(key) ?? null]);
  if (value instanceof TemplateObject) return entriesOf(value.content);
  if (typeof value === "bigint") {
    if (value > RANGE_LIMIT) throw new TemplateError(`a range of ${value} numbers is larger than any chart needs`);
    return Array.from({ length: Math.max(Number(value), 0) }, (_, i) => [BigInt(i), BigInt(i)]);
  }
  if (value === null || value instanceof Unresolved) return [];
  throw new CallFailure(`range cannot go through a value of type ${typeName(value)}`);
}

/**
 * The value at the end of `.a.b`; `args` go to it when it is a method. A key that a dictionary lacks is nil, and so is
 * every field of a nil that the path begins at; a field of a nil on the way throws `CallFailure`, as it ends Helm.
 */
export function followFields(
  start: TemplateValue,
  fields: readonly string[],
  args: readonly TemplateValue[],
): TemplateValue {
  let value = start;
  for (const [index, field] of fields.entries()) {
    if (value instanceof Unresolved) return value;
    value = fieldOf(value, field, index === 0 ? null : fields.slice(0, index));
    if (value === null && start === null) return null;
    if (typeof value === "function") value = value(index === fields.length - 1 ? args : []);
  }
  return value;
}

function fieldOf(value: TemplateValue, field: string, path: readonly string[] | null): TemplateValue {
  if (value instanceof Map) return value.get(field) ?? null;
  if (value instanceof TemplateObject) {
    const found = value.fields.get(field);
    if (found !== undefined) return found;
    // What holds texts only gives an empty one for a key that it lacks.
    if (value.typeName === "map[string]string")
      return value.content instanceof Map ? (value.content.get(field) ?? "") : "";
    throw new CallFailure(`there is no field .${field} in ${value.typeName}`);
  }
  if (value === null && path === null) return null;
  const name = path === null ? "the value" : `.${path.join(".")}`;
  if (value === null) throw new CallFailure(`${name} is not set, and .${field} is asked of it`);
  throw new CallFailure(`${name} is of type ${typeName(value)}, and .${field} is asked of it`);
}
