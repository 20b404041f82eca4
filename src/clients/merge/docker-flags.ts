/**
 * dockerd does not start when a flag and a key of daemon.json say the same thing, so flags are looked for wherever they may
 * come from. script/docker-flags.awk does the same on nodes; a test holds the two together.
 *
 * Source: docs.docker.com, "dockerd" at 28; systemd.unit(5) on the folders of units.
 */
import { environmentFilesOf, expandPattern, type FileReader } from "./file-reader.ts";

/** Of systemd's folders the first that has a unit counts, and hides drop-ins of the same name in later ones. */
export const UNIT_FOLDERS = ["/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib"].map(
  (root) => `${root}/systemd/system`,
);

/** Files from which starters of dockerd other than systemd's units take flags, or themselves; `*` in a last component. */
export const DOCKER_VARIABLES_FILES: readonly string[] = [
  "/etc/default/docker",
  "/etc/sysconfig/docker",
  "/etc/sysconfig/docker-*",
  "/etc/conf.d/docker",
  "/etc/init.d/docker",
  "/etc/init/docker.conf",
  "/etc/sv/docker/run",
  "/etc/sv/docker/conf",
  "/etc/service/docker/run",
];

/** A text that may hold flags. In a process's each argument is a line; a unit's own command may be replaced by a drop-in. */
export type FlagText = {
  readonly kind: "process" | "unit" | "dropin" | "variables";
  readonly source: string;
  readonly text: string;
};

/** Something that keeps dockerd from starting with the settings, or from reading them. */
export type FlagObstacle = { readonly source: string; readonly line: number | null; readonly message: string };

/** The texts of a node's files that may hold flags of dockerd. */
export async function readFlagTexts(files: FileReader): Promise<readonly FlagText[]> {
  const texts: FlagText[] = [];
  for (const folder of UNIT_FOLDERS) {
    const path = `${folder}/docker.service`;
    const text = await files.read(path);
    if (text === null) continue;
    texts.push({ kind: "unit", source: path, text });
    break;
  }
  const hidden = new Set<string>();
  for (const folder of UNIT_FOLDERS.map((units) => `${units}/docker.service.d`)) {
    for (const name of (await files.list(folder)).filter((entry) => entry.endsWith(".conf") && !hidden.has(entry))) {
      hidden.add(name);
      const text = await files.read(`${folder}/${name}`);
      if (text !== null) texts.push({ kind: "dropin", source: `${folder}/${name}`, text });
    }
  }
  const named = texts.flatMap(({ text }) => environmentFilesOf(text));
  for (const pattern of [...named, ...DOCKER_VARIABLES_FILES]) {
    for (const path of await expandPattern(pattern, files)) {
      const text = await files.read(path);
      if (text !== null) texts.push({ kind: "variables", source: path, text });
    }
  }
  return texts;
}

/** What in `texts` stands against a daemon.json at `daemon` with these keys. */
export function flagObstacles(
  texts: readonly FlagText[],
  keys: readonly string[],
  daemon: string,
): readonly FlagObstacle[] {
  const isReset = texts.some(({ kind, text }) => kind === "dropin" && /^[ \t]*ExecStart[ \t]*=[ \t]*$/m.test(text));
  const found = new Map<string, FlagObstacle>();
  for (const { kind, source, text } of texts) {
    const lines = text.split("\n");
    const isUnit = kind === "unit" || kind === "dropin";
    let directive = "";
    let continues = false;
    for (const [index, line] of lines.entries()) {
      if (kind !== "process" && /^[ \t]*[#;]/.test(line)) continue;
      // A line that ends with a backslash goes on in the next one.
      if (!continues) directive = line.replace(/[ \t]*=.*$/, "").trimStart();
      continues = line.endsWith("\\");
      if (isUnit && /^Exec(?!Start$)/.test(directive)) continue;
      // What the unit itself starts no longer counts when a drop-in has another command.
      if (kind === "unit" && isReset && directive === "ExecStart") continue;
      for (const message of obstaclesIn(line, lines[index + 1] ?? "", kind, keys, daemon)) {
        const where = kind === "process" ? null : index + 1;
        found.set(`${source} ${where} ${message}`, { source, line: where, message });
      }
    }
  }
  return [...found.values()];
}

function obstaclesIn(
  line: string,
  next: string,
  kind: FlagText["kind"],
  keys: readonly string[],
  daemon: string,
): readonly string[] {
  const messages: string[] = [];
  const [, rest] = (kind === "process" ? /^--config-file(?:=|$)(.*)/ : /--config-file(?:[ =]|$)(.*)/).exec(line) ?? [];
  const path = (kind === "process" && line === "--config-file" ? next : rest)
    ?.replace(/^["' ]+/, "")
    .replace(/["' ;].*$/, "");
  if (path !== undefined && path !== "" && path !== daemon) {
    messages.push(
      `dockerd reads ${path} instead of ${daemon} (--config-file): larder's settings would have no effect there. Add them to that file by hand`,
    );
  }
  // In a script many a flag is another program's; where a variable is given its value, it is dockerd's.
  const isValue = kind === "process" || /^[ \t]*((export[ \t]+)?[A-Za-z_][A-Za-z0-9_]*=|-)/.test(line);
  for (const key of keys.filter((name) => /^[A-Za-z0-9_-]+$/.test(name) && (isValue || LARDERS_KEYS.has(name)))) {
    const flag = flagsOf(key).find((name) => new RegExp(`(^|[ \\t"'=])${name}([= \\t"']|$)`).test(line));
    if (flag === undefined) continue;
    messages.push(
      `it passes ${flag} to dockerd, which does not start when ${daemon} has ${key}, too. Take the flag out (its value can go into that file)`,
    );
  }
  return messages;
}

const LARDERS_KEYS: ReadonlySet<string> = new Set(["registry-mirrors", "insecure-registries"]);

const FLAGS: Readonly<Record<string, readonly string[]>> = {
  hosts: ["--host", "-H"],
  debug: ["--debug", "-D"],
  "log-level": ["--log-level", "-l"],
  group: ["--group", "-G"],
  "data-root": ["--data-root", "--graph", "-g"],
  graph: ["--data-root", "--graph", "-g"],
  "storage-driver": ["--storage-driver", "-s"],
  pidfile: ["--pidfile", "-p"],
  runtimes: ["--add-runtime"],
};

/** The flags that say what a key says. */
function flagsOf(key: string): readonly string[] {
  const known = Object.hasOwn(FLAGS, key) ? FLAGS[key] : undefined;
  if (known !== undefined) return known;
  const one = key.endsWith("ies") ? `${key.slice(0, -3)}y` : key.replace(/s$/, "");
  return one === key ? [`--${key}`] : [`--${one}`, `--${key}`];
}
