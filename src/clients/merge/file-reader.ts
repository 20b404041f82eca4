/** The files of a node. */
export interface FileReader {
  /** The text of a file; null when there is none. */
  read(path: string): Promise<string | null>;
  /** The names in a folder, sorted; none when there is no such folder. */
  list(path: string): Promise<readonly string[]>;
}

/** The paths that a pattern with `*` in its last component stands for; one without stands for itself, there or not. */
export async function expandPattern(pattern: string, files: FileReader): Promise<readonly string[]> {
  const slash = pattern.lastIndexOf("/");
  const [folder, name] = [pattern.slice(0, slash), pattern.slice(slash + 1)];
  if (!name.includes("*")) return [pattern];
  const [before = "", after = ""] = name.split("*");
  const names = await files.list(folder);
  return names
    .filter((entry) => entry.startsWith(before) && entry.endsWith(after))
    .map((entry) => `${folder}/${entry}`);
}

/** The files of variables that a systemd unit names. */
export function environmentFilesOf(unit: string): readonly string[] {
  const named = unit.matchAll(/^[ \t]*EnvironmentFile[ \t]*=[ \t]*-?(.+)$/gm);
  return [...named].map(([, path = ""]) => path.trim());
}
