import type { Namespace } from "../../oci/repository-name.ts";
import { type SettingKey, WHOLE_GROUPS } from "./settings-table.ts";

/** Where a value comes from: a line of the file, a flag, a variable, or the default. */
export type Origin =
  | { readonly kind: "default" }
  /** `itemLines` are those of a list's items. */
  | { readonly kind: "file"; readonly path: string; readonly line: number; readonly itemLines?: readonly number[] }
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "flag"; readonly name: string };

/** One value that a file, a flag or a variable gives to a setting. */
export type Given = {
  readonly key: SettingKey;
  /** The registry of a HOST's setting; null for others. */
  readonly host: Namespace | null;
  readonly value: unknown;
  readonly origin: Origin;
};

/** All values that were given, by the setting's full key (`upstreams.quay.io.tags`). */
export type GivenSettings = ReadonlyMap<string, Given>;

/** The key of a setting with the registry that it is for in the place of HOST: `upstreams.quay.io.tags`. */
export function fullKey(key: SettingKey, host: string | null): string {
  return host === null ? key : key.replace("HOST", () => host);
}

/** Formats an origin for people: `larder.yaml:3`, `--http`, `LARDER_HTTP`, `default`. */
export function describeOrigin(origin: Origin): string {
  switch (origin.kind) {
    case "default":
      return "default";
    case "file":
      return `${origin.path}:${origin.line}`;
    case "variable":
    case "flag":
      return origin.name;
    default:
      return origin satisfies never;
  }
}

/** Merges what several sources give; the last source that gives a setting wins. */
export function mergeGiven(layers: readonly GivenSettings[]): GivenSettings {
  const merged = new Map<string, Given>();
  for (const layer of layers) {
    for (const group of WHOLE_GROUPS) {
      if (![...layer.keys()].some((key) => key.startsWith(group))) continue;
      for (const key of merged.keys()) if (key.startsWith(group)) merged.delete(key);
    }
    for (const [key, given] of layer) merged.set(key, given);
  }
  return merged;
}
