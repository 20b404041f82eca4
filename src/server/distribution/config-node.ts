import type { Origin } from "../settings/given-settings.ts";

/** A group of a configuration. */
export type ConfigMap = { readonly kind: "map"; readonly entries: Map<string, ConfigNode>; readonly origin: Origin };

/** A part of a configuration of registry:2's, with the place where it was said. */
export type ConfigNode =
  | ConfigMap
  | { readonly kind: "list"; readonly items: ConfigNode[]; readonly origin: Origin }
  /** `text` is as it was written: where a text is expected, `0123` is one. */
  | {
      readonly kind: "scalar";
      readonly value: string | number | boolean | null;
      readonly text: string;
      readonly origin: Origin;
    };

/** A map without entries. */
export function emptyMap(origin: Origin): ConfigMap {
  return { kind: "map", entries: new Map(), origin };
}

/** Does it say nothing: `auth:` without a value? */
export function isNothing(node: ConfigNode): boolean {
  return node.kind === "scalar" && node.value === null;
}

/**
 * The same as a map: `storage: filesystem` is short for `storage: {filesystem: {}}`, and nothing is an empty one. Null for a
 * list.
 */
export function asMap(node: ConfigNode): ConfigMap | null {
  if (node.kind === "map") return node;
  if (node.kind === "list") return null;
  const map = emptyMap(node.origin);
  if (!isNothing(node)) map.entries.set(node.text, emptyMap(node.origin));
  return map;
}
