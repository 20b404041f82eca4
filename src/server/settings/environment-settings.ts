import { nearestWord } from "../../lib/text/nearest-word.ts";
import { fullKey, type Given, type GivenSettings } from "./given-settings.ts";
import { ROWS, variableOf } from "./settings-table.ts";
import { readTexts } from "./text-settings.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads larder's own variables: `LARDER_` and the key. Lists are separated by commas or blanks, the values of several
 * HOSTs by blanks. An empty variable counts as unset. Adds problems to `problems`.
 */
export async function ownVariables(environment: Environment, problems: string[]): Promise<GivenSettings> {
  const given = new Map<string, Given>();
  for (const [key, { shape, isFileOnly }] of ROWS) {
    if (isFileOnly) continue;
    const name = variableOf(key);
    const text = environment[name]?.trim();
    if (!text) continue;
    const isOfHosts = key.includes(".HOST.");
    const texts = isOfHosts ? text.split(/\s+/) : shape.isList ? text.split(/[\s,]+/).filter(Boolean) : [text];
    for (const one of await readTexts(key, texts, { kind: "variable", name }, problems)) {
      given.set(fullKey(one.key, one.host), one);
    }
  }
  return given;
}

/** Variables of larder's that say no setting. */
const OTHERS: ReadonlySet<string> = new Set(["LARDER_CONFIG", "LARDER_REGISTRY"]);

/**
 * Variables that look like one of larder's that was misspelt: `LARDER_GC_GRACES`. They are no mistake that a start fails
 * of: Kubernetes and others set variables with larder's name in front.
 */
export function misspeltVariables(
  environment: Environment,
): readonly { readonly name: string; readonly meant: string }[] {
  const rows = ROWS.filter(([, { isFileOnly }]) => !isFileOnly);
  const known = new Map(rows.map(([key]) => [variableOf(key).slice("LARDER_".length), variableOf(key)]));
  return Object.keys(environment).flatMap((name) => {
    const word = name.startsWith("LARDER_") ? name.slice("LARDER_".length) : "";
    if (word === "" || known.has(word) || OTHERS.has(name) || /^(?:PORT|SERVICE)(?:_|$)/.test(word)) return [];
    const nearest = nearestWord(word, [...known.keys()]);
    return nearest === null ? [] : [{ name, meant: known.get(nearest) ?? "" }];
  });
}
