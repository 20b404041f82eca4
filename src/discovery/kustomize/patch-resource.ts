/**
 * Patches on resources.
 *
 * Sources: Kubernetes' strategic merge patches (API conventions, v1.36), RFC 7396 (what custom resources are merged by),
 * RFC 6902 and RFC 6901.
 */
import { type Located, type LocatedMap, scalarFor, stringAt, valueAt } from "../found/located-value.ts";

/** The fields by which Kubernetes tells the items of these lists apart. */
const MERGE_KEYS: Readonly<Record<string, string>> = {
  containers: "name",
  initContainers: "name",
  ephemeralContainers: "name",
  volumes: "name",
  env: "name",
  imagePullSecrets: "name",
  ports: "containerPort",
  volumeMounts: "mountPath",
};

/** Merges a patch into a resource: what it names is replaced, null takes away, lists of Kubernetes' own kinds merge by name. */
export function mergeResource(resource: LocatedMap, patch: LocatedMap): Located {
  const group = (stringAt(resource, "apiVersion") ?? "").split("/");
  const isBuiltIn = group.length === 1 || !group[0]?.includes(".") || group[0].endsWith(".k8s.io");
  return mergeMap(resource, patch, isBuiltIn);
}

function mergeMap(target: LocatedMap, patch: LocatedMap, isBuiltIn: boolean): LocatedMap {
  if (stringAt(patch, "$patch") === "replace") return withoutDirectives(patch);
  const entries = new Map(target.entries);
  for (const [key, value] of patch.entries) {
    const present = entries.get(key);
    const isRemoval = (value.type === "scalar" && value.value === null) || stringAt(value, "$patch") === "delete";
    if (key.startsWith("$")) continue;
    if (isRemoval) entries.delete(key);
    else if (present?.type === "map" && value.type === "map") entries.set(key, mergeMap(present, value, isBuiltIn));
    else if (present?.type === "list" && value.type === "list" && isBuiltIn && MERGE_KEYS[key] !== undefined) {
      entries.set(key, { ...present, items: mergeItems(present.items, value.items, MERGE_KEYS[key]) });
    } else entries.set(key, value);
  }
  return { ...target, entries };
}

function mergeItems(present: readonly Located[], patches: readonly Located[], key: string): Located[] {
  const nameOf = (item: Located) => {
    const name = valueAt(item, key);
    return name?.type === "scalar" ? name.text : null;
  };
  if (patches.some((patch) => stringAt(patch, "$patch") === "replace")) {
    return patches.filter((patch) => stringAt(patch, "$patch") !== "replace");
  }
  const items = [...present];
  for (const patch of patches) {
    const index = items.findIndex((item) => nameOf(item) !== null && nameOf(item) === nameOf(patch));
    const item = items[index];
    if (stringAt(patch, "$patch") === "delete") {
      if (index >= 0) items.splice(index, 1);
    } else if (item?.type === "map" && patch.type === "map") items[index] = mergeMap(item, patch, true);
    else items.push(patch);
  }
  return items;
}

function withoutDirectives(map: LocatedMap): LocatedMap {
  return { ...map, entries: new Map([...map.entries].filter(([key]) => !key.startsWith("$"))) };
}

/** Applies RFC 6902 operations in order. Throws an error that quotes the path when one cannot be applied. */
export function applyJsonPatch(resource: Located, operations: readonly Located[]): Located {
  return operations.reduce((value, operation) => {
    const path = pointer(stringAt(operation, "path") ?? "");
    const from = pointer(stringAt(operation, "from") ?? "");
    const given = valueAt(operation, "value") ?? scalarFor(operation, null);
    switch (stringAt(operation, "op")) {
      case "add":
        return change(value, path, () => given, "insert");
      case "replace":
        return change(value, path, () => given, "replace");
      case "remove":
        return change(value, path, () => null, "replace");
      case "copy":
        return change(value, path, () => at(value, from), "insert");
      case "move":
        return change(
          change(value, from, () => null, "replace"),
          path,
          () => at(value, from),
          "insert",
        );
      default:
        return value;
    }
  }, resource);
}

function pointer(path: string): string[] {
  return path
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function at(value: Located, path: readonly string[]): Located {
  const found = path.reduce<Located | undefined>((part, key) => {
    return part?.type === "map" ? part.entries.get(key) : part?.type === "list" ? part.items[Number(key)] : undefined;
  }, value);
  if (found === undefined) throw new Error(`the patch names /${path.join("/")}, which is not there`);
  return found;
}

function change(
  value: Located,
  path: readonly string[],
  make: () => Located | null,
  mode: "insert" | "replace",
): Located {
  const [key, ...rest] = path;
  if (key === undefined) return make() ?? value;
  if (value.type === "list") return { ...value, items: changeItems(value.items, key, rest, make, mode) };
  if (value.type !== "map") throw new Error(`the patch names ${JSON.stringify(key)} in something that has no parts`);
  const entries = new Map(value.entries);
  const present = entries.get(key);
  if (rest.length > 0 && present === undefined)
    throw new Error(`the patch names ${JSON.stringify(key)}, which is not there`);
  const made = rest.length > 0 && present !== undefined ? change(present, rest, make, mode) : make();
  if (made === null) entries.delete(key);
  else entries.set(key, made);
  return { ...value, entries };
}

function changeItems(
  items: readonly Located[],
  key: string,
  rest: readonly string[],
  make: () => Located | null,
  mode: "insert" | "replace",
): Located[] {
  const index = key === "-" ? items.length : Number(key);
  const present = items[index];
  const isEnd = index === items.length && mode === "insert" && rest.length === 0;
  if (!Number.isInteger(index) || (present === undefined && !isEnd)) {
    throw new Error(`the patch names item ${JSON.stringify(key)} of a list of ${items.length}`);
  }
  if (rest.length > 0 && present !== undefined) return items.with(index, change(present, rest, make, mode));
  const made = make();
  if (made === null) return items.toSpliced(index, 1);
  return mode === "insert" ? items.toSpliced(index, 0, made) : items.with(index, made);
}
