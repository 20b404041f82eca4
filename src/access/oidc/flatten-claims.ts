/**
 * What a token says, as rules compare it: texts and lists of texts under one name each.
 *
 * Numbers and booleans become texts, as they are written in JSON. What lies within another claim gets both names, with a slash
 * in between: Kubernetes puts `{"kubernetes.io": {"namespace": "ci"}}`, which is `kubernetes.io/namespace` here. A name that
 * two claims would have is left out: nobody could tell which of them a rule means. So is what is larger than any claim
 * that rules are about.
 */
import type { Claims } from "../principal.ts";

const MOST_CLAIMS = 200;
const MOST_ITEMS = 100;
const DEEPEST = 4;
const LONGEST_TEXT = 4096;

/** The claims of a token's payload. Each claim that is no text, number, boolean, list of those, or object of such is left out. */
export function flattenClaims(payload: Readonly<Record<string, unknown>>): Claims {
  const claims = Object.create(null) as Record<string, string | readonly string[]>;
  const ambiguous = new Set<string>();
  const add = (name: string, value: string | readonly string[]) => {
    if (name in claims) ambiguous.add(name);
    else if (Object.keys(claims).length < MOST_CLAIMS) claims[name] = value;
  };
  const visit = (within: Readonly<Record<string, unknown>>, prefix: string, depth: number): void => {
    for (const [key, value] of Object.entries(within)) {
      const name = prefix + key;
      const text = textOf(value);
      if (text !== null) add(name, text);
      else if (Array.isArray(value)) addList(name, value as readonly unknown[], add);
      else if (typeof value === "object" && value !== null && depth < DEEPEST) {
        visit(value as Readonly<Record<string, unknown>>, `${name}/`, depth + 1);
      }
    }
  };
  visit(payload, "", 1);
  for (const name of ambiguous) delete claims[name];
  return claims;
}

/** A list with one item that is no text is none of texts: what is left of it might mean something else. */
function addList(name: string, items: readonly unknown[], add: (name: string, value: readonly string[]) => void): void {
  if (items.length > MOST_ITEMS) return;
  const texts = items.map(textOf).filter((text) => text !== null);
  if (texts.length === items.length) add(name, texts);
}

function textOf(value: unknown): string | null {
  if (typeof value === "number" || typeof value === "boolean") return JSON.stringify(value);
  return typeof value === "string" && value.length <= LONGEST_TEXT ? value : null;
}
