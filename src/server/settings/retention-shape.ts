import { formatDuration, tryParseDuration } from "../../lib/text/duration.ts";
import { parseImagePattern } from "../../oci/image-pattern.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { RetentionRule } from "../../registry/retention/retention-rule.ts";
import { type Complain, readByHand } from "./read-by-hand.ts";
import type { Plain, Shape } from "./shapes.ts";

const EXPECTED = "a list of rules such as { pattern: 'team/**:pr-*', keepLast: 10, keepYounger: 14d }";
const KEYS = ["pattern", "keepLast", "keepYounger", "keepPulledWithin", "keep"];
const MOST_RULES = 200;
const MOST_KEPT = 100;

/** The rules for pushed tags. Flags and variables say them as JSON. */
export const retentionRules: Shape<readonly RetentionRule[]> = {
  schema: readByHand(readRules),
  expected: EXPECTED,
  write: `${EXPECTED}, as JSON`,
  fromText: (text) => {
    try {
      let isGood = true;
      const rules = readRules(JSON.parse(text), () => (isGood = false));
      return isGood ? rules : null;
    } catch {
      return null; // As good as any other text that says nothing.
    }
  },
  isList: false,
  isSwitch: false,
  toPlain: (rules) => rules.map(plainOf),
};

function readRules(value: unknown, complain: Complain): readonly RetentionRule[] {
  if (!Array.isArray(value)) {
    complain(`must be ${EXPECTED}`);
    return [];
  }
  if (value.length > MOST_RULES) complain(`there are more than ${MOST_RULES} rules`);
  return value.slice(0, MOST_RULES).map((rule: unknown, at) => {
    return readRule(rule, (message, ...path) => complain(`rule ${at + 1}: ${message}`, at, ...path));
  });
}

function readRule(value: unknown, complain: Complain): RetentionRule {
  const given = isRecord(value) ? value : {};
  if (!isRecord(value)) complain("must be keys and values, such as { pattern: 'team/**:pr-*', keepLast: 10 }");
  for (const key of Object.keys(given)) {
    if (!KEYS.includes(key))
      complain(`${JSON.stringify(key)} is not a part of a rule; there are ${KEYS.join(", ")}`, key);
  }
  const rule = {
    pattern: readPattern(given["pattern"], complain),
    keepLast: readLast(given["keepLast"], complain),
    keepYoungerMs: readAge(given, "keepYounger", complain),
    keepPulledWithinMs: readAge(given, "keepPulledWithin", complain),
    keep: readKeep(given["keep"], complain),
  };
  // A slip of the pen is not to cost a repository.
  const isAnythingKept = rule.keepLast !== null || rule.keepYoungerMs !== null || rule.keepPulledWithinMs !== null;
  if (isRecord(value) && !isAnythingKept) {
    complain(
      "it would remove everything that its pattern matches, as soon as that is pushed: say keepLast (1 or more), keepYounger or keepPulledWithin",
    );
  }
  return rule;
}

function readPattern(value: unknown, complain: Complain): string {
  if (typeof value !== "string") {
    complain("pattern must say which tags it is for, such as 'team/**:pr-*'", "pattern");
    return "**";
  }
  try {
    return parseImagePattern(value).text;
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    complain(`pattern: ${error.message}`, "pattern");
    return "**";
  }
}

/** 0 keeps nothing, as if it were not said. */
function readLast(value: unknown, complain: Complain): number | null {
  if (value === undefined || value === 0) return null;
  if (typeof value === "number" && Number.isSafeInteger(value) && value > 0) return value;
  complain("keepLast must be a whole number of tags", "keepLast");
  return 1;
}

function readAge(given: Readonly<Record<string, unknown>>, key: string, complain: Complain): number | null {
  const value = given[key];
  if (value === undefined) return null;
  const ms = typeof value === "string" ? tryParseDuration(value) : null;
  if (ms !== null && ms > 0) return ms;
  complain(`${key} must be a duration such as 12h or 30d`, key);
  return 1;
}

function readKeep(value: unknown, complain: Complain): readonly string[] {
  if (value === undefined) return [];
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length > MOST_KEPT) complain(`keep has more than ${MOST_KEPT} names`, "keep");
  return list.slice(0, MOST_KEPT).map((one, at) => {
    if (typeof one === "string" && /^[\w.\-*]{1,128}$/.test(one)) return one;
    complain("keep must be tags, with stars for any characters: ['v*', 'latest']", "keep", at);
    return "*";
  });
}

function plainOf({ pattern, keepLast, keepYoungerMs, keepPulledWithinMs, keep }: RetentionRule): Plain {
  return {
    pattern,
    ...(keepLast === null ? {} : { keepLast }),
    ...(keepYoungerMs === null ? {} : { keepYounger: formatDuration(keepYoungerMs) }),
    ...(keepPulledWithinMs === null ? {} : { keepPulledWithin: formatDuration(keepPulledWithinMs) }),
    ...(keep.length === 0 ? {} : { keep: [...keep] }),
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}
