/** Writes a target's files into a folder of this machine, `/` among them. Merges as the script does, but keeps no backup. */
import { chmod, lstat, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { ClientSettings } from "./client-settings.ts";
import { CONTAINERD_CERTS } from "./containerd.ts";
import { mergeBlock } from "./merge-block.ts";
import { mergeContainerd } from "./merge-containerd.ts";
import { mergeJson } from "./merge-json.ts";
import { impossible, type MergeResult, merged, unchanged } from "./merge-result.ts";
import type { Condition, NodeFile } from "./node-config.ts";
import { type FileReader, readRegistriesFiles } from "./read-registries-files.ts";
import { orderRegistries } from "./registries-precedence.ts";
import { type ClientTarget, clientConfig } from "./targets.ts";

/** What became of a file. `remark` is a sentence for the person, or null. */
export type WrittenFile = {
  readonly path: string;
  readonly outcome: "written" | "unchanged" | "left";
  readonly remark: string | null;
};

const FILE_LIMIT_BYTES = 4 * 1024 * 1024;

/**
 * Writes the files of a target below `folder`. All or nothing: when one file cannot be merged, or a condition is not
 * met, nothing is written, and those in the way are `left`, with the reason. `overwrite` takes files that somebody else
 * wrote for larder's. Throws on errors of the file system.
 */
export async function writeFiles(
  target: ClientTarget,
  settings: ClientSettings,
  folder: string,
  overwrite: boolean,
): Promise<readonly WrittenFile[]> {
  const config = clientConfig(target, settings);
  const own = new Set(config.files.map((file) => file.path));
  const plans = await Promise.all(
    config.files.map(async (file) => ({
      file,
      result: await plan(file, join(folder, file.path), target.name, overwrite),
    })),
  );
  const unmet = [
    ...(await Promise.all(config.conditions.map((rule) => checkCondition(rule, folder, own)))).flat(),
    ...(overwrite ? [] : (await Promise.all(config.files.map((file) => shadowsOf(file, folder)))).flat()),
  ];
  const blocked = plans.filter(({ result }) => result.kind === "impossible");
  if (blocked.length + unmet.length > 0) {
    return [
      ...blocked.map(
        ({ file, result }): WrittenFile => ({ path: file.path, outcome: "left", remark: remarkOf(result) }),
      ),
      ...unmet,
    ];
  }
  for (const { file, result } of plans) {
    if (result.kind === "merged") await write(join(folder, file.path), result.text, file.mode);
  }
  return plans.map(({ file, result }) => ({
    path: file.path,
    outcome: result.kind === "merged" ? "written" : "unchanged",
    remark: remarkOf(result),
  }));
}

function remarkOf(result: MergeResult): string | null {
  switch (result.kind) {
    case "merged":
      return null;
    case "unchanged":
      return result.note;
    case "impossible":
      return result.reason;
    default:
      return result satisfies never;
  }
}

async function plan(file: NodeFile, path: string, targetName: string, overwrite: boolean): Promise<MergeResult> {
  const text = await readText(path);
  if (text === null) return impossible("it is not a file of text below 4 MiB. Move it away");
  if (text === file.content) return unchanged();
  const result = merge(file, text, targetName, overwrite);
  return result.kind === "merged" && result.text === text ? unchanged() : result;
}

function merge(file: NodeFile, text: string, targetName: string, overwrite: boolean): MergeResult {
  switch (file.merge.kind) {
    case "own":
    case "registries":
      return text === "" || overwrite
        ? merged(file.content)
        : impossible("something else is in this file already. Move it away, or give --overwrite");
    case "block":
      return mergeBlock(text, file.content, targetName, file.merge.conflict);
    case "json":
      return mergeJson(text, file.content);
    case "containerd":
      return mergeContainerd(text, CONTAINERD_CERTS, null);
    default:
      return file.merge satisfies never;
  }
}

/** The text of a file, empty when there is none; null when it is not a file of text. */
async function readText(path: string): Promise<string | null> {
  const link = await lstat(path).catch(absent);
  if (link === null) return "";
  if (!(link.isFile() || link.isSymbolicLink()) || link.size > FILE_LIMIT_BYTES) return null;
  const bytes = await readFile(path).catch(absent);
  if (bytes === null) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // Not UTF-8: nothing that larder could merge with.
    return null;
  }
}

/** In place when it is there, so that its owner, mode and links stay. */
async function write(path: string, text: string, mode: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const isNew = (await lstat(path).catch(absent)) === null;
  await writeFile(path, text, { mode });
  // Past the umask.
  if (isNew) await chmod(path, mode);
}

/** The tables of others that would keep larder's from counting. */
async function shadowsOf(file: NodeFile, folder: string): Promise<readonly WrittenFile[]> {
  if (file.merge.kind !== "registries") return [];
  const reader: FileReader = {
    read: async (path) =>
      (await lstat(join(folder, path)).catch(absent)) === null ? null : readText(join(folder, path)),
    list: async (path) => (await readdir(join(folder, path)).catch(absent)) ?? [],
  };
  const { shadows } = orderRegistries(await readRegistriesFiles(reader, file.path, file.content));
  return shadows.map(({ path, line, message }) => ({
    path: line === null ? path : `${path}:${line}`,
    outcome: "left",
    remark: `${message} (--overwrite writes larder's all the same)`,
  }));
}

async function checkCondition(
  condition: Condition,
  folder: string,
  own: ReadonlySet<string>,
): Promise<readonly WrittenFile[]> {
  const pattern = new RegExp(condition.pattern, "m");
  const seen = (await Promise.all(condition.files.map((glob) => lookAt(folder, glob)))).flat();
  const others = seen.filter(({ path }) => !own.has(path));
  const matching = others.filter(({ text }) => pattern.test(text));
  const [first] = condition.kind === "forbids" ? matching : matching.length === 0 ? others : [];
  return first === undefined ? [] : [{ path: first.path, outcome: "left", remark: condition.message }];
}

type SeenFile = { readonly path: string; readonly text: string };

/** The files that a pattern stands for, and the files of variables that units among them name. */
async function lookAt(folder: string, glob: string, isUnit = true): Promise<readonly SeenFile[]> {
  const seen: SeenFile[] = [];
  for (const path of await expand(folder, glob)) {
    const text = await readText(join(folder, path));
    if (text === null || text === "") continue;
    seen.push({ path, text });
    if (!isUnit || !path.includes("/systemd/")) continue;
    for (const [, named = ""] of text.matchAll(/^[ \t]*EnvironmentFile[ \t]*=[ \t]*-?(\S+)/gm)) {
      seen.push(...(await lookAt(folder, named, false)));
    }
  }
  return seen;
}

/** The paths that a pattern with `*` in its last component stands for. */
async function expand(folder: string, pattern: string): Promise<readonly string[]> {
  if (!pattern.includes("*")) return [pattern];
  const [before = "", after = ""] = basename(pattern).split("*");
  const names = (await readdir(join(folder, dirname(pattern))).catch(absent)) ?? [];
  return names
    .filter((name) => name.startsWith(before) && name.endsWith(after))
    .sort()
    .map((name) => join(dirname(pattern), name));
}

/** Null for what is not there; every other error goes on. */
function absent(error: unknown): null {
  const code = error instanceof Error && "code" in error ? error.code : null;
  if (code === "ENOENT" || code === "ENOTDIR") return null;
  throw error;
}
