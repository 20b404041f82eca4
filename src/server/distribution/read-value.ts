import { type ConfigNode, isNothing } from "./config-node.ts";
import type { Plain } from "../settings/shapes.ts";
import type { KeyValue, ValueKind } from "./key.ts";

/**
 * Reads a value; null when nothing is said: `level:` without a value. Throws an Error that completes `KEY …`, and does not
 * repeat the value, which may be a secret.
 */
export function readValue(node: ConfigNode, kind: ValueKind): KeyValue | null {
  if (kind === "group" || kind === "named") return true;
  if (kind === "anything") return asksForAnything(node);
  if (isNothing(node)) return null;
  if (kind === "document") return { document: plainOf(node) };
  if (kind === "texts") return textsOf(node);
  if (node.kind !== "scalar") throw new Error(`must be a single value, not a ${node.kind}`);
  const { text, value } = node;
  switch (kind) {
    case "text":
      return text;
    case "switch":
      return switchOf(text, value);
    case "count":
      if (/^-?\d{1,15}$/.test(text)) return Number(text);
      throw new Error("must be a whole number");
    case "duration":
      return durationOf(text);
    default: {
      const word = text.toLowerCase();
      if (kind.words.includes(word)) return word;
      throw new Error(`must be one of ${kind.words.filter((one) => one !== "").join(", ")}`);
    }
  }
}

/** What is all turned off asks for nothing: `{enabled: false}`, an endpoint that is `disabled`. */
function asksForAnything(node: ConfigNode): boolean {
  if (node.kind === "list") return node.items.some(asksForAnything);
  if (node.kind === "scalar") return node.value !== null && node.value !== "" && node.value !== false;
  const [disabled, enabled] = [node.entries.get("disabled"), node.entries.get("enabled")];
  if (disabled?.kind === "scalar" && disabled.value === true) return false;
  if (enabled?.kind === "scalar" && enabled.value === false) return false;
  // A group of nothing but empty lists and empty groups. An empty one of its own is there: `s3: {}` is a storage driver.
  return node.entries.size === 0 || [...node.entries.values()].some((entry) => isFull(entry));
}

function isFull(node: ConfigNode): boolean {
  if (node.kind === "map") return node.entries.size > 0 && asksForAnything(node);
  return node.kind === "list" ? asksForAnything(node) : asksForAnything(node);
}

/** The value as larder.yaml would have it. */
function plainOf(node: ConfigNode): Plain {
  if (node.kind === "list") return node.items.map(plainOf);
  if (node.kind === "map") return Object.fromEntries([...node.entries].map(([key, value]) => [key, plainOf(value)]));
  return node.value ?? "";
}

function textsOf(node: ConfigNode): readonly string[] {
  if (node.kind === "scalar") return [node.text];
  if (node.kind === "map") throw new Error("must be a list of texts");
  return node.items.map((item) => {
    if (item.kind !== "scalar") throw new Error("must be a list of texts");
    return item.text;
  });
}

function switchOf(text: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  if (/^(?:true|1)$/i.test(text)) return true;
  if (/^(?:false|0|)$/i.test(text)) return false;
  throw new Error("must be true or false");
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Go's durations: `1h30m`, `1.5h`, `0`; a number alone counts nanoseconds. */
export function durationOf(text: string): number {
  if (/^\d{1,18}$/.test(text)) return Math.ceil(Number(text) / 1e6);
  if (!/^(?:\d{1,9}(?:\.\d{1,9})?(?:ns|us|µs|ms|s|m|h))+$/.test(text)) {
    throw new Error("must be a duration such as 30s, 10m or 168h");
  }
  let total = 0;
  for (const [, count, unit = ""] of text.matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/g)) {
    total += Number(count) * (UNIT_MS[unit] ?? 0);
  }
  return Math.round(total);
}
