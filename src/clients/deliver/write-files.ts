/** Writes a target's files into a folder of this machine, `/` among them. Merges as the script does, but keeps no backup. */
import { chmod, lstat, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ClientSettings } from "../client-settings.ts";
import { CONTAINERD_CERTS } from "../targets/containerd.ts";
import { mergeBlock } from "../merge/merge-block.ts";
import { mergeContainerd } from "../merge/merge-containerd.ts";
import { mergeHostsToml } from "../merge/merge-hosts-toml.ts";
import { mergeRegistriesYaml } from "../merge/merge-registries-yaml.ts";
import { mergeJson } from "../merge/merge-json.ts";
import { impossible, type MergeResult, merged, unchanged } from "../merge/merge-result.ts";
import type { NodeFile } from "../node-config.ts";
import type { FileReader } from "../merge/file-reader.ts";
import { findObstacles } from "../merge/find-obstacles.ts";
import { type ClientTarget, clientConfig } from "../targets/targets.ts";
import { nullIfAbsent } from "../../lib/files/system-error.ts";

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
  const plans = await Promise.all(
    config.files.map(async (file) => ({
      file,
      result: await plan(file, join(folder, file.path), target.name, overwrite),
    })),
  );
  const texts = new Map(
    plans.flatMap(({ file, result }) => (result.kind === "merged" ? [[file.path, result.text] as const] : [])),
  );
  const obstacles = await findObstacles(config, texts, readerOf(folder), overwrite);
  const unmet = obstacles.map(
    ({ path, line, message }): WrittenFile => ({
      path: line === null ? path : `${path}:${line}`,
      outcome: "left",
      remark: message,
    }),
  );
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
    case "daemon":
      return mergeJson(text, file.content);
    case "hosts":
      return overwrite ? merged(file.content) : withWayOut(mergeHostsToml(text, file.content, targetName));
    case "rancher":
      return overwrite ? merged(file.content) : withWayOut(mergeRegistriesYaml(text, file.content, file.merge.isAlone));
    case "containerd":
      return withImportsNote(mergeContainerd(text, CONTAINERD_CERTS, null), text);
    default:
      return file.merge satisfies never;
  }
}

function withWayOut(result: MergeResult): MergeResult {
  return result.kind === "impossible"
    ? impossible(`${result.reason}. Change it, move it away, or give --overwrite`)
    : result;
}

/** What a file imports may win over it, and lies on another machine perhaps: only the script, run there, looks. */
function withImportsNote(result: MergeResult, config: string): MergeResult {
  if (result.kind === "impossible" || !/^[ \t]*imports[ \t]*=[ \t]*\[[ \t]*["'\n]/m.test(config)) return result;
  const note =
    "it imports other files, which may win over it. On the node 'containerd config dump' shows which config_path holds";
  return { ...result, note: result.note === null ? note : `${result.note}; ${note}` };
}

/** The text of a file, empty when there is none; null when it is not a file of text. */
async function readText(path: string): Promise<string | null> {
  const link = await lstat(path).catch(nullIfAbsent);
  if (link === null) return "";
  if (!(link.isFile() || link.isSymbolicLink()) || link.size > FILE_LIMIT_BYTES) return null;
  const bytes = await readFile(path).catch(nullIfAbsent);
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
  const isNew = (await lstat(path).catch(nullIfAbsent)) === null;
  await writeFile(path, text, { mode });
  // Past the umask.
  if (isNew) await chmod(path, mode);
}

function readerOf(folder: string): FileReader {
  return {
    read: async (path) =>
      (await lstat(join(folder, path)).catch(nullIfAbsent)) === null ? null : readText(join(folder, path)),
    list: async (path) => ((await readdir(join(folder, path)).catch(nullIfAbsent)) ?? []).toSorted(),
  };
}
