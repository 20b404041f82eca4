/** Goes through a configuration along the table: what it says, and what nobody knows. */
import { nearestWord } from "../../lib/text/nearest-word.ts";
import { asMap, type ConfigMap, type ConfigNode, isNothing } from "./config-node.ts";
import { KEY_TREE, type KeyTree } from "./key-tree.ts";
import { readValue } from "./read-value.ts";
import { placeOf, type Said } from "./said.ts";
import { describeFailure } from "../../lib/failures/describe-failure.ts";

/** Whoever has more to mend than this begins here. */
const MOST_PROBLEMS = 50;

/** What a configuration says, by the keys; adds what is wrong with it to `problems`, each with its place. */
export function walkConfig(root: ConfigMap | null, problems: string[]): ReadonlyMap<string, Said> {
  const said = new Map<string, Said>();
  if (root === null) return said;
  const found: string[] = [];
  walkMap(root, KEY_TREE, [], said, found);
  problems.push(...found.slice(0, MOST_PROBLEMS));
  if (found.length > MOST_PROBLEMS) problems.push(`and ${found.length - MOST_PROBLEMS} more`);
  return said;
}

function walkMap(
  node: ConfigMap,
  tree: KeyTree,
  path: readonly string[],
  said: Map<string, Said>,
  problems: string[],
): void {
  for (const [name, child] of node.entries) {
    // Where people keep what anchors name.
    if (path.length === 0 && name.startsWith("x-")) continue;
    const inner = tree.children.get(name) ?? tree.any;
    const key = [...path, name].join(".");
    if (inner === null) problems.push(unknownKey(path, name, child, tree));
    else walk(child, inner, [...path, name], key, said, problems);
  }
}

function walk(
  node: ConfigNode,
  tree: KeyTree,
  path: readonly string[],
  key: string,
  said: Map<string, Said>,
  problems: string[],
): void {
  const { row } = tree;
  if (row !== null) {
    try {
      const value = readValue(node, row.value);
      if (value !== null) said.set(key, { row, key, value, origin: node.origin });
    } catch (error) {
      problems.push(`${placeOf({ key, origin: node.origin })} ${describeFailure(error)}`);
    }
  }
  const hasKeysBelow = tree.children.size > 0 || tree.any !== null;
  if (!hasKeysBelow || isNothing(node)) return;
  const map = asMap(node);
  if (map === null) problems.push(`${placeOf({ key, origin: node.origin })} must be a list of keys and values`);
  else walkMap(map, tree, path, said, problems);
}

function unknownKey(path: readonly string[], name: string, node: ConfigNode, tree: KeyTree): string {
  const before = path.map((part) => `${part}.`).join("");
  const known = [...tree.children.keys()];
  const meant = nearestWord(name, known);
  const hint =
    meant === null ? `there are ${known.map((one) => before + one).join(", ")}` : `did you mean ${before}${meant}?`;
  return `${placeOf({ key: `${before}${name}`, origin: node.origin })} is no key of registry:2's or registry:3's configuration; ${hint}`;
}
