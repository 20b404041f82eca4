import { impossible, type MergeResult, merged, unchanged } from "./merge-result.ts";

/**
 * Sets `config_path` to `folder` in the text of a config.toml (empty: there is none). `major` is containerd's; null when
 * it is not known. script/merge-containerd.awk does the same on nodes; a test holds the two together.
 *
 * Only what stands in the usual form is touched: tables in brackets, keys on lines of their own. Whatever sets the
 * plugin otherwise, or leads to a start error of containerd beside config_path, makes it impossible, with the line.
 */
export function mergeContainerd(text: string, folder: string, major: number | null): MergeResult {
  const endOfLine = text.endsWith("\r\n") ? "\r\n" : "\n";
  const lines = text === "" ? [] : text.replace(/\r?\n$/, "").split(/\r?\n/);
  const result = mergeLines(lines, folder, major);
  return result.kind === "merged" ? { ...result, text: result.text.replaceAll("\n", endOfLine) } : result;
}

function mergeLines(lines: readonly string[], folder: string, major: number | null): MergeResult {
  const byHand = `Set config_path to ${folder} by hand`;
  const top = readTop(lines);
  if (top.multiLineString !== null) {
    return impossible(
      `line ${top.multiLineString} has a string of several lines, which is not understood here. ${byHand}`,
    );
  }
  if (top.isCriDisabled) {
    return unchanged(
      "it disables CRI, as Docker's package has it, so config_path is not set: nerdctl reads the files all the same, dockerd does not (/client/docker.sh), and a kubelet cannot use this containerd",
    );
  }
  if (!top.hasContent) {
    const version = (major ?? 0) >= 2 ? 3 : 2;
    return merged([...lines, `version = ${version}`, ...newTable(version, folder), ""].join("\n"));
  }
  if (top.version < 2) {
    return impossible(
      "it is of configuration version 1 (no line says \"version = 2\"). Run 'containerd config migrate' first",
    );
  }
  const tables = readTables(lines, top.version);
  if (tables.twice !== null) {
    const [first, second] = tables.twice;
    return impossible(
      `line ${second} says again what line ${first} says, and containerd takes no such file. Take one of them out`,
    );
  }
  const odd = top.odd ?? tables.odd;
  if (odd !== null) return impossible(`line ${odd} sets the plugin in a way that is not understood here. ${byHand}`);
  if (tables.oldRegistries !== null) {
    return impossible(
      `line ${tables.oldRegistries} configures registries in the old way, which containerd forbids beside config_path. Move that to ${folder} first`,
    );
  }
  if (tables.pathLine !== null) return mergePath(lines, tables.pathLine, folder);
  if (tables.tableLine === null) return merged([...lines, ...newTable(top.version, folder), ""].join("\n"));
  const indent = /^[ \t]*/.exec(lines[tables.tableLine - 1] ?? "")?.[0] ?? "";
  return merged([...lines.toSpliced(tables.tableLine, 0, `${indent}  config_path = "${folder}"`), ""].join("\n"));
}

function pluginOf(version: number): string {
  return version >= 3 ? "io.containerd.cri.v1.images" : "io.containerd.grpc.v1.cri";
}

function newTable(version: number, folder: string): readonly string[] {
  return ["", `[plugins."${pluginOf(version)}".registry]`, `  config_path = "${folder}"`];
}

/** The name in the header of a table, without blanks and quotes, or null when the line is none. */
function headerOf(line: string): string | null {
  const [, names] =
    /^[ \t]*\[+((?:[ \t]*(?:"[^"]*"|'[^']*'|[\w-]+)[ \t]*\.)*[ \t]*(?:"[^"]*"|'[^']*'|[\w-]+)[ \t]*)\]+[ \t]*(?:#.*)?$/.exec(
      line,
    ) ?? [];
  return names?.replace(/[ \t"']/g, "") ?? null;
}

function isBlank(line: string): boolean {
  return /^[ \t]*(#.*)?$/.test(line);
}

/** What stands before the first table, and what is nowhere allowed. Lines count from 1. */
function readTop(lines: readonly string[]) {
  let version = 0;
  let odd: number | null = null;
  let multiLineString: number | null = null;
  let [hasContent, inTables, inDisabled, isCriDisabled] = [false, false, false, false];
  for (const [index, line] of lines.entries()) {
    if (isBlank(line)) continue;
    hasContent = true;
    if (/"""|'''/.test(line)) multiLineString ??= index + 1;
    if (headerOf(line) !== null) inTables = true;
    if (inTables) continue;
    const digits = /^[ \t]*["']?version["']?[ \t]*=[ \t]*([0-9]+)/.exec(line)?.[1];
    if (digits !== undefined) version = Number(digits);
    if (/^[ \t]*["']?plugins["']?[ \t]*[.=]/.test(line)) odd ??= index + 1;
    if (/^[ \t]*["']?disabled_plugins["']?[ \t]*=/.test(line)) inDisabled = true;
    if (!inDisabled) continue;
    const value = line.replace(/#.*/, "");
    if (/["'](cri|io\.containerd\.grpc\.v1\.cri|io\.containerd\.cri\.v1\.images)["']/.test(value)) isCriDisabled = true;
    if (value.includes("]")) inDisabled = false;
  }
  return { version, hasContent, isCriDisabled, odd, multiLineString };
}

/** Where the plugin's registry table is, and what it holds. Lines count from 1. */
function readTables(lines: readonly string[], version: number) {
  const plugin = `plugins.${pluginOf(version)}`;
  const registry = `${plugin}.registry`;
  let table = "";
  let tableLine: number | null = null;
  let pathLine: number | null = null;
  let oldRegistries: number | null = null;
  let odd: number | null = null;
  let twice: readonly [number, number] | null = null;
  for (const [index, line] of lines.entries()) {
    const number = index + 1;
    const header = headerOf(line);
    if (header !== null) {
      table = header;
      if (table === registry) {
        if (tableLine !== null) twice ??= [tableLine, number];
        tableLine = number;
      }
      const isTls = table.startsWith(`${registry}.configs.`) && table.endsWith(".tls");
      if (table.startsWith(`${registry}.mirrors.`) || isTls) oldRegistries ??= number;
      continue;
    }
    if (isBlank(line)) continue;
    if (table === "plugins" && /^[ \t]*["']?io\.containerd\.(grpc\.v1\.cri|cri\.v1\.images)/.test(line)) odd ??= number;
    if (table === plugin && /^[ \t]*["']?registry["']?[ \t]*[.=]/.test(line)) odd ??= number;
    if (table === `${registry}.mirrors`) oldRegistries ??= number;
    if (table !== registry) continue;
    const isInline = /^[ \t]*["']?(mirrors|configs)["']?[ \t]*[.=]/.test(line) && !/=[ \t]*\{[ \t]*\}/.test(line);
    if (isInline) odd ??= number;
    if (!/^[ \t]*["']?config_path["']?[ \t]*=/.test(line)) continue;
    if (pathLine !== null) twice ??= [pathLine, number];
    pathLine = number;
  }
  return { tableLine, pathLine, oldRegistries, odd, twice };
}

/**
 * An empty config_path is filled in, a list that names the folder becomes the folder; any other is somebody's choice, and
 * for a person to change.
 */
function mergePath(lines: readonly string[], number: number, folder: string): MergeResult {
  const line = lines[number - 1] ?? "";
  const found = /=[ \t]*("[^"\\]*"|'[^']*')/.exec(line);
  if (found === null) {
    return impossible(`line ${number} is not understood here. Set config_path to ${folder} by hand`);
  }
  const value = (found[1] ?? "").slice(1, -1).replace(/\/+$/, "");
  if (value === folder) return unchanged();
  const replaced = `${line.slice(0, found.index + 1)} "${folder}"${line.slice(found.index + found[0].length)}`;
  const text = [...lines.with(number - 1, replaced), ""].join("\n");
  if (value === "") return merged(text);
  if (`:${value}:`.includes(`:${folder}:`)) {
    const was = `config_path was ${value}, which containerd 2.1 and later takes for one path`;
    return merged(text, `${was}. Now it is ${folder} alone`);
  }
  return impossible(
    `line ${number} sets config_path to ${value}. Move its folders to ${folder}, set config_path to that, and run this again`,
  );
}
