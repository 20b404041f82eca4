/** What on a node stands against a target's files. script/plan.sh and the merges beside it look for the same. */
import { flagObstacles, readFlagTexts } from "./docker-flags.ts";
import { environmentFilesOf, expandPattern, type FileReader } from "./file-reader.ts";
import type { Condition, NodeConfig, NodeFile } from "../node-config.ts";
import { readRegistriesFiles } from "./read-registries-files.ts";
import { orderRegistries } from "./registries-precedence.ts";

/** `line` is counted from 1, null when there is none to name. The message has no full stop at its end. */
type Obstacle = { readonly path: string; readonly line: number | null; readonly message: string };

/**
 * Looks at files that the target does not write itself. `texts` holds what its files are to become, where they change.
 * With `isForced`, what only takes effect away from larder's settings is passed over.
 */
export async function findObstacles(
  config: NodeConfig,
  texts: ReadonlyMap<string, string>,
  files: FileReader,
  isForced: boolean,
): Promise<readonly Obstacle[]> {
  const own = new Set(config.files.map(({ path }) => path));
  const unmet = await Promise.all(config.conditions.map((condition) => unmetBy(condition, own, files)));
  const inTheWay = await Promise.all(
    config.files.map(async (file) => {
      switch (file.merge.kind) {
        case "registries":
          return isForced ? [] : shadowsOver(file, files);
        case "daemon":
          return flagsAgainst(file, texts.get(file.path) ?? null, files);
        default:
          return [];
      }
    }),
  );
  return [...unmet.flat(), ...inTheWay.flat()];
}

/** The tables of others that would keep larder's from counting. */
async function shadowsOver(file: NodeFile, files: FileReader): Promise<readonly Obstacle[]> {
  const { shadows } = orderRegistries(await readRegistriesFiles(files, file.path, file.content));
  return shadows.map((shadow) => ({
    ...shadow,
    message: `${shadow.message} (--overwrite writes larder's all the same)`,
  }));
}

/** The flags of dockerd that daemon.json cannot stand beside. `text` is what it is to be, null for what it is. */
async function flagsAgainst(file: NodeFile, text: string | null, files: FileReader): Promise<readonly Obstacle[]> {
  const keys = keysOf(text ?? (await files.read(file.path)) ?? "{}");
  const found = flagObstacles(await readFlagTexts(files), keys, file.path);
  return found.map(({ source, line, message }) => ({ path: source, line, message }));
}

function keysOf(json: string): readonly string[] {
  try {
    return Object.keys(JSON.parse(json) as object);
  } catch {
    return []; // Merging refuses it, and says why.
  }
}

async function unmetBy(
  condition: Condition,
  own: ReadonlySet<string>,
  files: FileReader,
): Promise<readonly Obstacle[]> {
  const pattern = new RegExp(condition.pattern, "m");
  const seen = (await Promise.all(condition.files.map((glob) => lookAt(glob, files)))).flat();
  const others = seen.filter(({ path }) => !own.has(path));
  const matching = others.filter(({ text }) => pattern.test(text));
  const [first] = condition.kind === "forbids" ? matching : matching.length === 0 ? others : [];
  return first === undefined ? [] : [{ path: first.path, line: null, message: condition.message }];
}

type SeenFile = { readonly path: string; readonly text: string };

/** The files that a pattern stands for, and the files of variables that units among them name. */
async function lookAt(pattern: string, files: FileReader, isUnit = true): Promise<readonly SeenFile[]> {
  const seen: SeenFile[] = [];
  for (const path of await expandPattern(pattern, files)) {
    const text = await files.read(path);
    if (text === null || text === "") continue;
    seen.push({ path, text });
    if (!isUnit || !path.includes("/systemd/")) continue;
    for (const named of environmentFilesOf(text)) seen.push(...(await lookAt(named, files, false)));
  }
  return seen;
}
