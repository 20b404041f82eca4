import { impossible, type MergeResult, merged, unchanged } from "./merge-result.ts";

/**
 * Puts larder's host before the other hosts of a hosts.toml that somebody wrote, which otherwise stays as it is: what was
 * asked first is asked after larder. `wanted` is larder's own file for that registry. script/merge-hosts.awk does the same
 * on nodes; a test holds the two together.
 *
 * Not possible where larder alone is to be asked, and where a line is not of the usual form. Source: containerd 2.1,
 * docs/hosts.md; hosts are tried in the order of their tables.
 */
export function mergeHostsToml(text: string, wanted: string, targetName: string): MergeResult {
  if (/^\s*$/.test(text)) return merged(wanted);
  const [first, last] = [`# BEGIN larder ${targetName}`, `# END larder ${targetName}`];
  const lines = text.replace(/\n$/, "").split("\n");
  const marks = lines.flatMap((line, index) => (line === first || line === last ? [index] : []));
  if (marks.length === 2 && lines[marks[0] ?? 0] === first) {
    lines.splice(marks[0] ?? 0, (marks[1] ?? 0) - (marks[0] ?? 0) + 1);
  } else if (marks.length > 0) {
    return impossible("one of larder's two marks is missing in it");
  }
  const own = wanted.replace(/\n$/, "").split("\n");
  const at = own.findIndex((line) => HOST.test(line));
  const url = hostOf(own[at] ?? "");
  if (at < 0) return impossible("beside an IPv6 address nothing else can stand in it");
  if (own.some((line) => line === `server = "${url}"`)) return impossible(LARDER_ALONE);
  return insert(lines, [first, ...own.slice(at), last], url);
}

const HOST = /^[ \t]*\[[ \t]*host[ \t]*\.[ \t]*("[^"\\]*"|'[^']*')[ \t]*\]/;
const PART_OF_HOST = /^[ \t]*\[[ \t]*host[ \t]*\.[ \t]*("[^"\\]*"|'[^']*')[ \t]*\.[ \t]*[A-Za-z_."-]+[ \t]*\]/;
const LARDER_ALONE = "it has others asked, and larder alone is to be asked";

function insert(lines: readonly string[], block: readonly string[], url: string): MergeResult {
  let heading = -1;
  let depth = 0;
  for (const [index, line] of lines.entries()) {
    const bare = depth === 0 && /^[ \t]*\[/.test(line);
    if (line.includes('"""') || line.includes("'''")) return unclear(index);
    if (!bare) {
      depth += brackets(line);
      continue;
    }
    if (HOST.test(line)) {
      if (hostOf(line) === url) {
        return heading < 0 ? unchanged() : impossible(`line ${index + 1}: it asks another before larder`);
      }
    } else if (!PART_OF_HOST.test(line)) {
      return unclear(index);
    }
    if (heading < 0) heading = index;
  }
  if (depth !== 0) return unclear(lines.length - 1);
  const end = heading < 0 ? lines.length : heading;
  return merged(`${[...lines.slice(0, end), ...block, ...lines.slice(end)].join("\n")}\n`);
}

function unclear(index: number): MergeResult {
  return impossible(`line ${index + 1} is not of a form that can be merged`);
}

/** The URL of a host's table, without a slash at its end. */
function hostOf(line: string): string {
  return (HOST.exec(line)?.[1] ?? "").slice(1, -1).replace(/\/$/, "");
}

/** How many brackets a line opens and does not close, outside of strings and comments. */
function brackets(line: string): number {
  let depth = 0;
  for (const [mark] of line.matchAll(/"(?:[^"\\]|\\.)*"|'[^']*'|#.*|[[\]]/g)) {
    if (mark === "[") depth++;
    if (mark === "]") depth--;
  }
  return depth;
}
