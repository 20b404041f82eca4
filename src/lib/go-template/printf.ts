/** Go's `fmt.Sprintf`. Source: Go 1.26, fmt. */
import { toCount } from "./cast-value.ts";
import { formatFloat, formatValue, typeName } from "./format-value.ts";
import { quoteText } from "./quote-text.ts";
import { contentOf, sortedKeys, type TemplateValue } from "./template-value.ts";

const VERB = /%(?<flags>[-+# 0]*)(?<width>\*|\d{1,9})?(?:\.(?<precision>\*|\d{0,9}))?(?<verb>[^\d.*]|$)/gsu;
const WIDTH_LIMIT = 10_000;

/** The text that `format` makes of `args`; what it asks for and does not get is printed as Go does, `%!d(MISSING)`. */
export function formatPrintf(format: string, args: readonly TemplateValue[]): string {
  let next = 0;
  const number = (text: string | undefined) => (text === "*" ? toCount(args[next++]) : Number(text ?? 0));
  const text = format.replace(VERB, (...found) => {
    const groups = found.at(-1) as Record<string, string | undefined>;
    const verb = groups["verb"] ?? "";
    if (verb === "%") return "%";
    if (verb === "") return "%!(NOVERB)";
    const width = Math.min(number(groups["width"]), WIDTH_LIMIT);
    const precision =
      groups["precision"] === undefined ? null : Math.min(number(groups["precision"] || "0"), WIDTH_LIMIT);
    if (next >= args.length) return `%!${verb}(MISSING)`;
    const flags = groups["flags"] ?? "";
    return pad(formatVerb(verb, contentOf(args[next++]), precision, flags), width, flags, verb);
  });
  const extra = args.slice(next).map((arg) => (arg === null ? "<nil>" : `${typeName(arg)}=${formatValue(arg)}`));
  return extra.length === 0 ? text : `${text}%!(EXTRA ${extra.join(", ")})`;
}

function formatVerb(verb: string, value: TemplateValue, precision: number | null, flags: string): string {
  if (verb === "v") return flags.includes("#") && typeof value === "string" ? quoteText(value) : formatValue(value);
  if (verb === "T") return typeName(value);
  // A nil in a list or dictionary is printed as such, whatever the verb.
  const inner = (item: TemplateValue) =>
    item === null ? "<nil>" : formatVerb(verb, contentOf(item), precision, flags);
  if (Array.isArray(value)) return `[${value.map(inner).join(" ")}]`;
  if (value instanceof Map) {
    const entries = sortedKeys(value).map((key) => `${inner(key)}:${inner(value.get(key) ?? null)}`);
    return `map[${entries.join(" ")}]`;
  }
  if (typeof value === "bigint") return formatInteger(verb, value, flags) ?? mismatch(verb, value);
  if (typeof value === "number") return formatNumber(verb, value, precision, flags) ?? mismatch(verb, value);
  if (typeof value === "string") return formatText(verb, value, precision) ?? mismatch(verb, value);
  return verb === "t" && typeof value === "boolean" ? String(value) : mismatch(verb, value);
}

function formatInteger(verb: string, value: bigint, flags: string): string | null {
  const bases: Readonly<Record<string, number>> = { d: 10, b: 2, o: 8, x: 16, X: 16 };
  const base = bases[verb];
  if (base === undefined) {
    if (verb === "c") return String.fromCodePoint(Number(BigInt.asUintN(20, value)));
    if (verb === "q") return `'${String.fromCodePoint(Number(BigInt.asUintN(20, value)))}'`;
    return verb === "U" ? `U+${value.toString(16).toUpperCase().padStart(4, "0")}` : null;
  }
  const prefix = flags.includes("#") ? ({ o: "0", x: "0x", X: "0X", b: "0b" }[verb] ?? "") : "";
  const digits = (value < 0n ? -value : value).toString(base);
  const sign = value < 0n ? "-" : flags.includes("+") ? "+" : flags.includes(" ") ? " " : "";
  return sign + prefix + (verb === "X" ? digits.toUpperCase() : digits);
}

function formatNumber(verb: string, value: number, precision: number | null, flags: string): string | null {
  const sign = flags.includes("+") && value >= 0 ? "+" : "";
  const places = Math.min(precision ?? 6, 100);
  if (verb === "f" || verb === "F") return sign + value.toFixed(places);
  if (verb === "e" || verb === "E") {
    const text = value.toExponential(places).replace(/e([+-])(\d)$/, "e$10$2");
    return sign + (verb === "E" ? text.toUpperCase() : text);
  }
  if (verb !== "g" && verb !== "G") return null;
  return sign + (precision === null ? formatFloat(value) : formatFloat(Number(value.toPrecision(Math.max(places, 1)))));
}

function formatText(verb: string, value: string, precision: number | null): string | null {
  const text = precision === null ? value : Array.from(value).slice(0, precision).join("");
  switch (verb) {
    case "s":
      return text;
    case "q":
      return quoteText(text);
    case "x":
      return Buffer.from(text).toString("hex");
    case "X":
      return Buffer.from(text).toString("hex").toUpperCase();
    default:
      return null;
  }
}

function mismatch(verb: string, value: TemplateValue): string {
  return value === null ? `%!${verb}(<nil>)` : `%!${verb}(${typeName(value)}=${formatValue(value)})`;
}

function pad(text: string, width: number, flags: string, verb: string): string {
  if (flags.includes("-")) return text.padEnd(width);
  if (!flags.includes("0") || !"dbocxXeEfFgG".includes(verb)) return text.padStart(width);
  const sign = /^[+-]/.exec(text)?.[0] ?? "";
  return sign + text.slice(sign.length).padStart(width - sign.length, "0");
}
