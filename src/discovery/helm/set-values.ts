/** `--set a.b[0]=x,c={d,e}`, as Helm reads it. Source: Helm v3.22 and v4.3, pkg/strvals. */
import type { TemplateMap, TemplateValue } from "../../lib/go-template/template-value.ts";

const INDEX_LIMIT = 65_536;
const DEPTH_LIMIT = 30;

type Step = string | number;

/** Puts what `argument` says into `values`; with `asText` nothing becomes a number. Throws when it is no such argument. */
export function setValues(values: TemplateMap, argument: string, asText: boolean): void {
  for (const pair of splitOutside(argument, ",")) {
    const [path = "", ...rest] = splitOutside(pair, "=");
    if (rest.length === 0) throw new Error(`${JSON.stringify(argument)} is no KEY=VALUE: the key ${path} has no value`);
    const steps = stepsOf(path);
    assign(values, steps, valueOf(rest.join("="), asText));
  }
}

/** The parts between `mark`s that are neither escaped nor in braces. */
function splitOutside(text: string, mark: "," | "=" | "."): string[] {
  const parts: string[] = [""];
  let isInBraces = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? "";
    if (char === "\\") parts.push(`${parts.pop()}${char}${text[++at] ?? ""}`);
    else if (char === mark && !isInBraces) parts.push("");
    else {
      if (char === "{" && (parts.at(-1) ?? "").endsWith("=")) isInBraces = true;
      else if (char === "}") isInBraces = false;
      parts.push(`${parts.pop()}${char}`);
    }
  }
  return parts;
}

function stepsOf(path: string): Step[] {
  const steps = splitOutside(path, ".").flatMap((part): Step[] => {
    const [, key = "", indices = ""] = /^((?:\\.|[^[\\])*)((?:\[\d+\])*)$/s.exec(part) ?? [];
    const numbers = [...indices.matchAll(/\d+/g)].map(([digits]) => Number(digits));
    if (key === "" && numbers.length === 0) throw new Error(`${JSON.stringify(path)} is no path of keys`);
    if (numbers.some((index) => index > INDEX_LIMIT))
      throw new Error(`${JSON.stringify(path)}: the index is too large`);
    return key === "" ? numbers : [unescape(key), ...numbers];
  });
  if (steps.length > DEPTH_LIMIT)
    throw new Error(`${JSON.stringify(path.slice(0, 100))} has more than ${DEPTH_LIMIT} parts`);
  return steps;
}

function unescape(text: string): string {
  return text.replace(/\\(.)/gs, "$1");
}

function valueOf(text: string, asText: boolean): TemplateValue {
  const list = /^\{([^]*)\}$/.exec(text)?.[1];
  if (list !== undefined)
    return list === "" ? [] : splitOutside(list, ",").map((item) => scalarOf(unescape(item), asText));
  return scalarOf(unescape(text), asText);
}

function scalarOf(text: string, asText: boolean): TemplateValue {
  if (asText) return text;
  if (/^(?:true|false)$/i.test(text)) return text.toLowerCase() === "true";
  if (text.toLowerCase() === "null") return null;
  // What begins with a zero is a name, as commits and versions have them.
  return text === "0" || /^-?[1-9]\d{0,17}$/.test(text) ? BigInt(text) : text;
}

function assign(into: TemplateMap | TemplateValue[], [step, ...rest]: readonly Step[], value: TemplateValue): void {
  if (step === undefined) return;
  const [next] = rest;
  const present = into instanceof Map ? into.get(String(step)) : into[Number(step)];
  const isWanted = typeof next === "number" ? Array.isArray(present) : present instanceof Map;
  const inner = isWanted ? (present as TemplateMap | TemplateValue[]) : typeof next === "number" ? [] : new Map();
  if (next !== undefined) assign(inner, rest, value);
  const result = next === undefined ? value : inner;
  if (into instanceof Map) into.set(String(step), result);
  else {
    while (into.length < Number(step)) into.push(null);
    into[Number(step)] = result;
  }
}
