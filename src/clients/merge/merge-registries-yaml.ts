import { impossible, type MergeResult, merged, unchanged } from "./merge-result.ts";
import { type Entry, scanRegistriesYaml, type Section, type Sections, UnclearYaml } from "./scan-registries-yaml.ts";

/**
 * Puts larder before the endpoints of a registries.yaml that somebody wrote for k3s or RKE2, which otherwise stays line for
 * line as it is. `wanted` is larder's own file. With `isAlone` nobody else may be asked for the registries that it names.
 * A registry that had only `*` to go by keeps its endpoints behind larder's. script/merge-rancher.awk does the same on
 * nodes; a test holds the two together.
 *
 * Source: docs.k3s.io, "Private Registry Configuration", at 1.33: the first endpoint is asked first, `rewrite` changes the
 * paths that all of them are asked for, `*` is for registries without an entry.
 */
export function mergeRegistriesYaml(text: string, wanted: string, isAlone: boolean): MergeResult {
  if (/^\s*$/.test(text)) return merged(wanted);
  const lines = text.replace(/\n$/, "").split("\n");
  try {
    const there = scanRegistriesYaml(lines);
    const ours = scanRegistriesYaml(wanted.split("\n"));
    const edits: Edits = { lines: new Map(), end: [] };
    const problem = addMirrors(lines, there, ours, isAlone, edits) ?? addConfigs(lines, there, ours, edits);
    if (problem !== null) return impossible(problem);
    if (edits.lines.size + edits.end.length === 0) return unchanged();
    const edited = lines.flatMap((line, index) => edits.lines.get(index) ?? [line]);
    return merged(`${[...edited, ...edits.end].join("\n")}\n`);
  } catch (error) {
    if (error instanceof UnclearYaml) return impossible(error.message);
    throw error;
  }
}

/** What stands in the place of a line, and what follows the last one. */
type Edits = { readonly lines: Map<number, readonly string[]>; readonly end: string[] };

function addMirrors(
  lines: readonly string[],
  there: Sections,
  ours: Sections,
  isAlone: boolean,
  edits: Edits,
): string | null {
  const added: string[] = [];
  const step = " ".repeat(there.mirrors?.indent ?? 2);
  const all = there.mirrors?.entries.get("*");
  for (const [name, { urls }] of ours.mirrors?.entries ?? []) {
    const [url = ""] = urls;
    const mirror = there.mirrors?.entries.get(name);
    if (mirror !== undefined) {
      const problem = refuse(mirror, name, url, isAlone);
      if (problem !== null) return problem;
      if (mirror.urls[0] !== url) addEndpoint(lines, mirror, url, edits);
      continue;
    }
    const isOwn = url.endsWith(`://${name}`);
    if (all?.hasRewrite === true && !isOwn) return `line ${all.line + 1}: it rewrites the paths of all registries`;
    const others = isAlone || isOwn ? [] : (all?.urls ?? []).filter((other) => other !== url);
    added.push(`${step}"${name}":`, `${step}  endpoint:`);
    for (const endpoint of [url, ...others]) added.push(`${step}    - "${endpoint}"`);
  }
  addLines("mirrors:", lines, there.mirrors, added, edits);
  return null;
}

/** Why larder's endpoint cannot be put first in this entry, or null. */
function refuse(
  { line, endpoint, hasRewrite, urls }: Entry,
  name: string,
  url: string,
  isAlone: boolean,
): string | null {
  const at = `line ${line + 1}: `;
  if (hasRewrite) return `${at}it rewrites the paths of ${name}, and would rewrite those that larder is asked for`;
  if (endpoint < 0) return `${at}${name} has no endpoints in it`;
  if (urls.indexOf(url) > 0) return `${at}it asks another before larder for ${name}`;
  const others = urls.filter((other) => other !== url);
  return isAlone && others.length > 0 ? `${at}it has others asked for ${name}, and larder alone is to be asked` : null;
}

function addEndpoint(
  lines: readonly string[],
  { endpoint, first, isFlow, urls }: Entry,
  url: string,
  edits: Edits,
): void {
  const key = lines[endpoint] ?? "";
  if (isFlow) {
    const at = key.indexOf("[", key.indexOf("endpoint")) + 1;
    edits.lines.set(endpoint, [`${key.slice(0, at)}"${url}"${urls.length === 0 ? "" : ", "}${key.slice(at)}`]);
  } else if (first >= 0) {
    const line = lines[first] ?? "";
    edits.lines.set(first, [`${/^ */.exec(line)?.[0] ?? ""}- "${url}"`, line]);
  } else {
    edits.lines.set(endpoint, [key, `${/^ */.exec(key)?.[0] ?? ""}  - "${url}"`]);
  }
}

function addConfigs(lines: readonly string[], there: Sections, ours: Sections, edits: Edits): string | null {
  const added: string[] = [];
  const step = " ".repeat(there.configs?.indent ?? 2);
  for (const [host, { authority }] of ours.configs?.entries ?? []) {
    const config = there.configs?.entries.get(host);
    if (config === undefined) {
      added.push(`${step}"${host}":`, `${step}  tls:`, `${step}    ca_file: "${authority}"`);
    } else if (config.authority !== authority) {
      return `line ${config.line + 1}: it has settings of its own for ${host}`;
    }
  }
  addLines("configs:", lines, there.configs, added, edits);
  return null;
}

function addLines(
  heading: string,
  lines: readonly string[],
  section: Section | null,
  added: readonly string[],
  edits: Edits,
): void {
  if (added.length === 0) return;
  if (section === null) edits.end.push(heading, ...added);
  else edits.lines.set(section.line, [lines[section.line] ?? "", ...added]);
}
