/** How Go prints values: fmt's `%v`. Source: Go 1.26, fmt and strconv. */
import { assertBounded, sortedKeys, TemplateObject, type TemplateValue, Unresolved } from "./template-value.ts";

/** Go's `%v`. */
export function formatValue(value: TemplateValue): string {
  if (typeof value === "string") return value;
  assertBounded(value);
  return format(value);
}

function format(value: TemplateValue): string {
  if (value === null) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(format).join(" ")}]`;
  if (value instanceof Map)
    return `map[${sortedKeys(value)
      .map((key) => `${key}:${format(value.get(key) ?? null)}`)
      .join(" ")}]`;
  if (value instanceof TemplateObject) return format(value.content);
  if (value instanceof Unresolved || typeof value === "function") return "<unresolved>";
  return typeof value === "number" ? formatFloat(value) : String(value);
}

/** A float64 with as few digits as tell it apart: from 1e+06 on and below 1e-4 with an exponent. */
export function formatFloat(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
  if (Object.is(value, -0)) return "-0";
  const [digits = "", exponent = "0"] = value.toExponential().split("e");
  const power = Number(exponent);
  if (value === 0 || (power >= -4 && power < 6)) return plainDecimal(value);
  return `${digits}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
}

function plainDecimal(value: number): string {
  const text = String(value);
  return text.includes("e") ? value.toFixed(20).replace(/0+$/, "") : text;
}

/** Go's name for the value's type, as `%T` prints it. */
export function typeName(value: TemplateValue): string {
  if (value === null) return "<nil>";
  if (Array.isArray(value)) return "[]interface {}";
  if (value instanceof Map) return "map[string]interface {}";
  if (value instanceof TemplateObject) return value.typeName;
  if (typeof value === "bigint") return "int";
  if (typeof value === "number") return "float64";
  return typeof value === "boolean" ? "bool" : "string";
}

/** Go's name for the value's kind. */
export function kindName(value: TemplateValue): string {
  if (value === null) return "invalid";
  if (value instanceof TemplateObject) {
    if (value.typeName.startsWith("*")) return "ptr";
    return Array.isArray(value.content) ? "slice" : value.typeName.startsWith("map") ? "map" : "struct";
  }
  if (Array.isArray(value)) return "slice";
  return value instanceof Map ? "map" : typeName(value);
}
