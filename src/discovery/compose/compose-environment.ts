/** The variables that Compose fills in. Source: the Compose specification (2025), "Interpolation"; Compose v2's `.env` syntax. */
import { join } from "node:path";
import { readText } from "../files/read-text.ts";
import { substituteVariables } from "../files/variable-substitution.ts";

/** The variables of the `.env` file in a folder, or of the files that are named; those of `outer` win. */
export async function composeEnvironment(
  folder: string,
  files: readonly string[],
  outer: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const variables = new Map<string, string>();
  for (const file of files.length === 0 ? [join(folder, ".env")] : files) {
    const { text } = await readText(file, signal);
    for (const [name, value] of readEnvironmentFile(text ?? "", variables)) variables.set(name, value);
  }
  for (const [name, value] of outer) variables.set(name, value);
  return variables;
}

/** Reads a `.env` file: `NAME=value` lines, `#` comments, quotes, `export` in front, variables of lines above or of `known`. Other lines are passed over, as Compose's tools do. */
export function readEnvironmentFile(text: string, known: ReadonlyMap<string, string> = new Map()): Map<string, string> {
  const variables = new Map<string, string>();
  for (const line of text.split("\n")) {
    const parts = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*[=:]\s*(.*?)\s*$/.exec(line);
    if (parts?.[1] === undefined) continue;
    const value = parts[2] ?? "";
    const quoted = /^(["'])(.*)\1/.exec(value);
    const plain = quoted?.[2] ?? value.replace(/(?:^|\s+)#.*$/, "");
    const all = new Map([...known, ...variables]);
    variables.set(parts[1], quoted?.[1] === "'" ? plain : substituteVariables(plain, all).text);
  }
  return variables;
}
