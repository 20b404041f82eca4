/** HCL that is written as JSON. Source: the HCL JSON syntax specification (hcl v2.24). */
import {
  type HclAttribute,
  type HclBlock,
  type HclBody,
  HclError,
  type HclExpression,
} from "../../lib/hcl/hcl-syntax.ts";
import { parseHclTemplate } from "../../lib/hcl/parse-hcl.ts";

const BLOCKS = new Set(["target", "group", "variable", "function", "job", "task", "config", "locals"]);
const DEPTH_LIMIT = 100;

/** Reads JSON as HCL: what HCL would have as blocks are blocks. Throws an HclError for what is no JSON object. */
export function hclOfJson(text: string): HclBody {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new HclError(1, "it is not valid JSON");
  }
  if (typeof parsed !== "object" || parsed === null) throw new HclError(1, "it holds no object");
  return toBody(parsed, new Lines(text), 0);
}

function toBody(object: object, lines: Lines, depth: number): HclBody {
  const attributes = new Map<string, HclAttribute>();
  const blocks: HclBlock[] = [];
  for (const [name, value] of Object.entries(object) as [string, unknown][]) {
    if (BLOCKS.has(name) && typeof value === "object" && value !== null && depth < DEPTH_LIMIT) {
      for (const [label, inner] of Object.entries(value) as [string, unknown][]) {
        if (typeof inner !== "object" || inner === null) continue;
        blocks.push({ type: name, labels: [label], body: toBody(inner, lines, depth + 1), line: lines.of(label) });
      }
    } else attributes.set(name, { value: toExpression(value, 0), line: lines.of(name) });
  }
  return { attributes, blocks };
}

function toExpression(value: unknown, depth: number): HclExpression {
  if (typeof value === "string") return parseHclTemplate(value);
  if (typeof value === "number" || typeof value === "boolean") return { type: "literal", value };
  if (typeof value !== "object" || value === null || depth > DEPTH_LIMIT) return { type: "literal", value: null };
  if (Array.isArray(value)) return { type: "list", items: value.map((item) => toExpression(item, depth + 1)) };
  const entries = Object.entries(value).map(([key, item]) => {
    return [{ type: "literal", value: key } as const, toExpression(item, depth + 1)] as const;
  });
  return { type: "object", entries };
}

/** Where a key is written first. */
class Lines {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  of(key: string): number {
    const at = this.#text.indexOf(JSON.stringify(key));
    return at < 0 ? 1 : this.#text.slice(0, at).split("\n").length;
  }
}
