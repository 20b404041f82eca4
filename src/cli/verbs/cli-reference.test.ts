/** docs/cli-reference.md tells of every verb as it is. `LARDER_UPDATE_GOLDEN=1` writes it anew. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { describeVerb } from "../describe-verb.ts";
import type { DescribedVerb } from "../help/described-verb.ts";
import { EXIT_STATUSES } from "../help/exit-statuses.ts";
import { readProse } from "../help/read-prose.ts";
import { VERB_GROUPS } from "../help/verb-guide.ts";
import { OLD_PHRASES } from "../old-phrases.ts";
import { loadShownVerbs } from "./verb-table.ts";

const REFERENCE = join(import.meta.dir, "..", "..", "..", "docs", "cli-reference.md");

const nowhere = { isTerminal: false, write: () => {} };
const io = { stdout: nowhere, stderr: nowhere, environment: {}, signal: new AbortController().signal };

const code = (text: string) => `\`${text}\``;

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  if (rows.length === 0) return [];
  const lines = [head, head.map(() => "---"), ...rows];
  return [lines.map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`).join("\n")];
}

function prose(text: string): readonly string[] {
  const parts: string[] = [];
  let isList = false;
  for (const part of readProse(text)) {
    const line = part.kind === "item" ? `- ${code(part.term)}: ${part.meaning}` : part.text;
    if (part.kind === "item" && isList) parts.push(`${parts.pop() ?? ""}\n${line}`);
    else parts.push(part.kind === "line" ? `    ${line}` : escape(line));
    isList = part.kind === "item";
  }
  return parts;
}

/** A star is a star, and what stands in angle brackets no tag. */
function escape(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part) => (part.startsWith("`") ? part : part.replaceAll(/[*<]|\b_|_\b/g, "\\$&")))
    .join("");
}

function verbSection(verb: DescribedVerb): readonly string[] {
  const examples = verb.examples.map(([command, effect]) => (effect === "" ? command : `# ${effect}\n${command}`));
  return [
    `### ${code(verb.call)}`,
    `    ${verb.call} ${verb.usage}`.trimEnd(),
    ...(verb.otherCalls.length === 0 ? [] : [`The same as: ${verb.otherCalls.map(code).join(", ")}.`]),
    ...prose(verb.description),
    ...table(
      ["argument", ""],
      verb.arguments.map(({ term, meaning }) => [code(term), escape(meaning)]),
    ),
    ...table(
      ["option", ""],
      verb.flags.map(({ term, meaning }) => [code(term), escape(meaning)]),
    ),
    ...(examples.length === 0 ? [] : [["```sh", ...examples, "```"].join("\n")]),
    ...verb.verbs.flatMap(verbSection),
  ];
}

async function reference(): Promise<string> {
  const verbs = new Map((await loadShownVerbs(io)).map(describeVerb).map((verb) => [verb.name, verb]));
  const told = new Set<string>();
  const groups = VERB_GROUPS.flatMap((group) => {
    const sections = group.verbs.flatMap(({ name }) => {
      const verb = verbs.get(name);
      if (verb === undefined) return [];
      told.add(name);
      return verbSection(verb);
    });
    return [`## ${group.title}`, ...sections];
  });
  expect([...verbs.keys()].filter((name) => !told.has(name))).toEqual([]);
  return `${[
    "# All verbs of the command line",
    "This page is written by a test, from the verbs themselves. [The command line](command-line.md) tells what they have in common, and what `--json` prints; [Configuration](configuration.md) has the settings that the options of `larder serve` are.",
    "Exit status:",
    ...table(
      ["status", ""],
      EXIT_STATUSES.map(([status, meaning]) => [status, meaning]),
    ),
    "`larder VERB --help` and `larder help VERB` show the same on a terminal, `larder --version` tells the version. The options of a verb stand behind it.",
    ...groups,
    "## Names from before larder",
    "Other names of one verb stand with it. These take two words here, and the same options as they did:",
    ...table(
      ["name", "the same as"],
      OLD_PHRASES.map(({ name, words }) => [`larder ${name}`, `larder ${words.join(" ")}`].map(code)),
    ),
  ].join("\n\n")}\n`;
}

test("the reference tells of all verbs as they are", async () => {
  const text = await reference();
  if (process.env["LARDER_UPDATE_GOLDEN"] === "1") await Bun.write(REFERENCE, text);
  expect(await Bun.file(REFERENCE).text()).toBe(text);
});
