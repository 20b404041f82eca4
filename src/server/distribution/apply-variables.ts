/**
 * registry:2's variables, put onto a configuration by its own rules: the key's path in capitals with `_` between its parts, the
 * number of a list's item, and a YAML value. Those of a group come before those of what is in it.
 *
 * Source: distribution v3.1.1, "Configuring a registry", "Override specific configuration options". Where that ignores what it
 * cannot place, larder refuses it; and an empty variable says nothing.
 */
import { nearestWord } from "../../lib/text/nearest-word.ts";
import type { Origin } from "../settings/given-settings.ts";
import { asMap, type ConfigMap, type ConfigNode, emptyMap, isNothing } from "./config-node.ts";
import { isForeignVariable } from "./foreign-variables.ts";
import { KEY_TREE, type KeyTree } from "./key-tree.ts";
import { describeSyntax, parseConfig } from "./parse-config.ts";

const PREFIX = "REGISTRY_";
/** Names the file that the others are put onto. */
export const PATH_VARIABLE = "REGISTRY_CONFIGURATION_PATH";

type Environment = Readonly<Record<string, string | undefined>>;

/** What the variables said, besides what they changed. */
type Applied = {
  readonly root: ConfigMap | null;
  /** What is wrong, each with its variable. */
  readonly problems: readonly string[];
  /** Variables that are none of registry:2's and that nobody is known to set. They say nothing. */
  readonly strangers: readonly string[];
};

/** Puts the variables onto a configuration; null: there was none, and there is none if no variable says one. */
export function applyVariables(base: ConfigMap | null, environment: Environment): Applied {
  let root = base;
  const problems: string[] = [];
  const strangers: string[] = [];
  for (const name of Object.keys(environment).toSorted()) {
    const value = environment[name] ?? "";
    if (name === PATH_VARIABLE || value.trim() === "") continue;
    if (!name.startsWith(PREFIX)) {
      const meant = name.toUpperCase();
      if (meant.startsWith(PREFIX) && pathOf(meant.slice(PREFIX.length).split("_")) !== null) {
        problems.push(`${name}: did you mean ${meant}?`);
      }
      continue;
    }
    const parts = name.slice(PREFIX.length).split("_");
    const origin = { kind: "variable", name } as const;
    const path = pathOf(parts);
    if (path === null && isForeignVariable(name, value)) continue;
    if (path === null) {
      const why = whyRefused(parts);
      if (why === null) strangers.push(name);
      else problems.push(`${name}: ${why}`);
      continue;
    }
    try {
      // Below what is refused as a whole, or may be anything, stands whatever a Service of that name brings.
      if (isForeignVariable(name, value) && path.isFree) continue;
      const node = parseConfig(value, () => origin);
      root ??= emptyMap(origin);
      if (node !== null && !isNothing(node)) set(root, path.steps, node, origin);
      // Whoever names a way to get in must not have an open registry.
      else if (path.steps[0] === "auth")
        problems.push(`${name}: its value says nothing; leave the variable out or empty`);
    } catch (error) {
      problems.push(`${name}: ${describeSyntax(error)}`);
    }
  }
  return { root, problems, strangers };
}

type Path = { readonly steps: readonly (string | number)[]; readonly isFree: boolean };

/** The key that a variable means, in steps; null when there is none. */
function pathOf(parts: readonly string[]): Path | null {
  const steps: (string | number)[] = [];
  let tree: KeyTree | null = KEY_TREE;
  let isFree = false;
  for (const part of parts) {
    if (part === "") return null;
    if (tree === null || isOpen(tree)) {
      isFree = true;
      steps.push(/^\d{1,4}$/.test(part) ? Number(part) : part.toLowerCase());
      tree = null;
      continue;
    }
    if (tree.row?.value === "texts" && tree.children.size === 0) {
      if (!/^\d{1,4}$/.test(part)) return null;
      steps.push(Number(part));
      tree = { children: new Map(), any: null, row: null };
      continue;
    }
    const found = childCalled(tree, part);
    if (found === null) return null;
    steps.push(found.name);
    tree = found.tree;
  }
  return { steps, isFree };
}

/** May anything lie below it? */
function isOpen({ row }: KeyTree): boolean {
  return row?.value === "anything" || row?.value === "named" || row?.value === "document";
}

function childCalled(tree: KeyTree, part: string): { readonly name: string; readonly tree: KeyTree } | null {
  for (const [name, child] of tree.children) {
    if (name.toUpperCase() === part || child.row?.variable === part) return { name, tree: child };
  }
  // The names of headers and fields: what is written small may be meant for any.
  return tree.any === null ? null : { name: part.toLowerCase(), tree: tree.any };
}

/** Why a variable that means no key is refused; null when it is somebody else's. */
function whyRefused(parts: readonly string[]): string | null {
  const capitals = parts.map((part) => part.toUpperCase());
  const [first = "", ...rest] = capitals;
  const tops = [...KEY_TREE.children.keys()].map((name) => name.toUpperCase());
  if (tops.includes(first)) {
    const meant = rest.length === 0 ? null : nearestVariable(capitals);
    const hint = meant === null ? "" : `; did you mean ${meant}?`;
    return `this is no variable of registry:2's or registry:3's${hint}. registry:2 would ignore it; say what is meant, or leave it out`;
  }
  // Slips that would leave a registry open: `REGISTRY__AUTH__HTPASSWD__PATH`, `REGISTRY_HTPASSWD_PATH`, `REGISTRY_AUHT_HTPASSWD_PATH`.
  const single = parts.filter((part) => part !== "");
  if (single.length < parts.length && pathOf(single) !== null) return `did you mean ${PREFIX}${single.join("_")}?`;
  if (first === "HTPASSWD" && pathOf(["AUTH", ...parts]) !== null)
    return `did you mean ${PREFIX}AUTH_${parts.join("_")}?`;
  if (first === "AUTHS") return `did you mean ${PREFIX}AUTH?`;
  const top = nearestWord(first, tops);
  if (top === null || rest.length === 0 || pathOf([top, ...rest]) === null || first === "OAUTH") return null;
  return `did you mean ${PREFIX}${[top, ...rest].join("_")}?`;
}

/** The variable that is nearest to one whose first part is right. */
function nearestVariable(parts: readonly string[]): string | null {
  const right: string[] = [];
  let tree: KeyTree = KEY_TREE;
  for (const [index, part] of parts.entries()) {
    const found = childCalled(tree, part);
    if (found !== null) {
      right.push(part);
      if (index === parts.length - 1) return PREFIX + right.join("_");
      tree = found.tree;
      continue;
    }
    const names = [...tree.children.keys()].map((name) => name.toUpperCase());
    const meant = nearestWord(part, names);
    return meant === null ? null : PREFIX + [...right, meant, ...parts.slice(index + 1)].join("_");
  }
  return null;
}

/** Puts a value where it belongs, and makes what has to be there for it. */
function set(root: ConfigMap, steps: readonly (string | number)[], value: ConfigNode, origin: Origin): void {
  let place = root as ConfigNode;
  for (const [index, step] of steps.entries()) {
    const isLast = index === steps.length - 1;
    const next = steps[index + 1];
    const fresh = (): ConfigNode =>
      isLast ? value : typeof next === "number" ? { kind: "list", items: [], origin } : emptyMap(origin);
    if (place.kind === "list") {
      if (typeof step !== "number") throw new Error(`${step} is not the number of an item`);
      if (step > place.items.length) {
        throw new Error(
          `the list has ${place.items.length} items: number ${step} would leave a gap; they count from 0`,
        );
      }
      const item: ConfigNode = isLast ? value : containerOf(place.items[step], fresh);
      place.items[step] = item;
      place = item;
    } else if (place.kind === "map") {
      const name = nameIn(place, String(step));
      const child: ConfigNode = isLast ? value : containerOf(place.entries.get(name), fresh);
      place.entries.set(name, child);
      place = child;
    }
  }
}

/** What is there, when something can lie in it: `storage: s3` as a map. */
function containerOf(node: ConfigNode | undefined, fresh: () => ConfigNode): ConfigNode {
  if (node === undefined || isNothing(node)) return fresh();
  const wanted = fresh();
  if (wanted.kind === "list") return node.kind === "list" ? node : wanted;
  return node.kind === "list" ? wanted : (asMap(node) ?? wanted);
}

/** The name as it is there already, whatever its capitals. */
function nameIn({ entries }: ConfigMap, name: string): string {
  if (entries.has(name)) return name;
  return [...entries.keys()].find((one) => one.toLowerCase() === name.toLowerCase()) ?? name;
}
