import { ACCESS_KEYS } from "./keys-of-access.ts";
import { HTTP_KEYS } from "./keys-of-http.ts";
import { OTHER_KEYS } from "./keys-of-the-rest.ts";
import { STORAGE_KEYS } from "./keys-of-storage.ts";
import type { DistributionKey } from "./key.ts";

/** All keys of registry:2 (2.8.3) and registry:3 (3.1.1), in the order in which they are documented. */
export const DISTRIBUTION_KEYS: readonly DistributionKey[] = [
  ...OTHER_KEYS.filter(({ key }) => /^(?:version|log)/.test(key)),
  ...STORAGE_KEYS,
  ...ACCESS_KEYS,
  ...HTTP_KEYS,
  ...OTHER_KEYS.filter(({ key }) => !/^(?:version|log)/.test(key)),
];

/** The keys as they lie in one another. */
export type KeyTree = {
  readonly children: Map<string, KeyTree>;
  /** Of any name, beside the children; null: there are no others. */
  any: KeyTree | null;
  row: DistributionKey | null;
};

/** The root of the table. */
export const KEY_TREE: KeyTree = newTree();
for (const row of DISTRIBUTION_KEYS) {
  let tree = KEY_TREE;
  for (const part of row.key.split(".")) tree = part === "*" ? (tree.any ??= newTree()) : childOf(tree, part);
  tree.row = row;
}

function childOf(tree: KeyTree, name: string): KeyTree {
  const child = tree.children.get(name) ?? newTree();
  tree.children.set(name, child);
  return child;
}

function newTree(): KeyTree {
  return { children: new Map(), any: null, row: null };
}
