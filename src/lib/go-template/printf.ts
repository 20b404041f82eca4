/** Go's `fmt.Sprintf`. Source: Go 1.26, fmt. */
import { formatNumber, formatValue, type TemplateValue, toNumber } from "./template-value.ts";

const VERB = /%(?<flags>[-+# 0]*)(?<width>\*|\d{1,3})?(?:\.(?<precision>\*|\d{0,2}))?(?<verb>[a-zA-Z%])/g;

/** The text that `format` makes of `args`; what it asks for and does not get is printed as Go does, `%!d(MISSING)`. */
export function formatPrintf(format: string, args: readonly TemplateValue[]): string {
  let next = 0;
  const text = format.replace(VERB, (...found) => {
    const groups = found.at(-1) as Record<string, string | undefined>;
    const verb = groups["verb"] ?? "";
    if (verb === "%") return "%";
    const width = groups["width"] === "*" ? toNumber(args[next++] ?? 0) : Number(groups["width"] ?? 0);
    const precision = groups["precision"] === "*" ? toNumber(args[next++] ?? 0) : (groups["precision"] ?? null);
    if (next >= args.length) return `%!${verb}(MISSING)`;
    const printed = formatVerb(verb, args[next++] ?? null, precision === null ? null : Number(precision));
    return pad(printed, Math.min(Math.max(width, 0), 999), groups["flags"] ?? "");
  });
  const extra = args.slice(next).map((arg) => `${typeof arg}=${formatValue(arg)}`);
  return extra.length === 0 ? text : `${text}%!(EXTRA ${extra.join(", ")})`;
}

function formatVerb(verb: string, value: TemplateValue, precision: number | null): string {
  switch (verb) {
    case "d":
      return typeof value === "number" ? formatNumber(Math.trunc(value)) : mismatch(verb, value);
    case "f":
    case "g":
    case "e":
      return typeof value === "number" ? formatFloat(verb, value, precision) : mismatch(verb, value);
    case "x":
      return typeof value === "number" ? value.toString(16) : Buffer.from(formatValue(value)).toString("hex");
    case "q":
      return JSON.stringify(formatValue(value));
    case "s":
      return value === null ? "%!s(<nil>)" : formatValue(value).slice(0, precision ?? undefined);
    case "T":
      return typeof value === "number" ? "float64" : typeof value;
    default:
      return formatValue(value);
  }
}

function formatFloat(verb: string, value: number, precision: number | null): string {
  if (verb === "f") return value.toFixed(Math.min(precision ?? 6, 100));
  return verb === "e" ? value.toExponential(Math.min(precision ?? 6, 100)) : formatNumber(value);
}

function mismatch(verb: string, value: TemplateValue): string {
  return `%!${verb}(${typeof value}=${formatValue(value)})`;
}

function pad(text: string, width: number, flags: string): string {
  if (flags.includes("-")) return text.padEnd(width);
  return text.padStart(width, flags.includes("0") ? "0" : " ");
}
