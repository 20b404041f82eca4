import type { Command, Help } from "commander";
import { wrapText } from "../../lib/text/fit-text.ts";
import { type Example, examplesOf, VERB_GROUPS } from "./verb-guide.ts";

export const INTRODUCTION =
  "larder keeps the container images that a cluster needs close to it, and stands in for the registries that they come from.";
const EPILOGUE =
  "larder VERB --help tells more of a verb. Verbs talk to the larder of this machine, or to the registry at --registry HOST:PORT, LARDER_REGISTRY or LOCAL_REGISTRY; most work with any registry. Exit status: 0 done, 1 the answer is no or it failed, 2 wrong usage.";

const INDENT = "  ";
const WIDEST_TERM = 26;
const NARROWEST_MEANING = 32;
/** Lines of more are hard to read. */
const WIDEST = 100;

/** Lines of two columns under a title: terms, and what they are. */
type Section = { readonly title: string; readonly rows: readonly (readonly [term: string, meaning: string])[] };

/** The help of larder as a whole: all verbs in their groups, in at most `columns` columns. */
export function formatOverview(columns: number): string {
  const width = Math.min(columns, WIDEST);
  const groups = VERB_GROUPS.map(({ title, verbs }) => ({
    title,
    rows: verbs.map(({ name, summary }) => [name, summary] as const),
  }));
  return [
    wrapText(INTRODUCTION, width),
    "Usage: larder VERB [options] [arguments]",
    ...groups.map((group) => formatSection(group, width)),
    wrapText(EPILOGUE, width),
  ]
    .map((part) => `${part}\n`)
    .join("\n");
}

/** The help of a verb, in at most `helper.helpWidth` columns: usage, what it does, examples, arguments and options. */
export function formatVerbHelp(command: Command, helper: Help): string {
  const width = Math.min(helper.helpWidth ?? 80, WIDEST);
  const path = pathOf(command);
  const aliases = command.aliases();
  const options = helper.visibleOptions(command);
  const sections: readonly Section[] = [
    {
      title: "Verbs",
      rows: helper
        .visibleCommands(command)
        .map((one) => [helper.subcommandTerm(one), helper.subcommandDescription(one)]),
    },
    {
      title: "Arguments",
      rows: helper.visibleArguments(command).map((one) => [helper.argumentTerm(one), helper.argumentDescription(one)]),
    },
    { title: "Options", rows: options.map((one) => [helper.optionTerm(one), helper.optionDescription(one)]) },
  ];
  const usage = `Usage: larder ${path.join(" ")} ${command.usage()}`.trimEnd();
  return [
    usage +
      (aliases.length === 0
        ? ""
        : `\n(the same as: ${aliases.map((alias) => [...path.slice(0, -1), alias].join(" ")).join(", ")})`),
    wrapText(reflow(command.description() || command.summary()), width),
    formatExamples(examplesOf(path), width),
    ...sections.map((section) => formatSection(section, width)),
  ]
    .filter((part) => part !== "")
    .map((part) => `${part}\n`)
    .join("\n");
}

/** The verb and its own verbs: `["mirror", "kubernetes"]`. */
function pathOf(command: Command): readonly string[] {
  return command.parent === null ? [] : [...pathOf(command.parent), command.name()];
}

/** Lines that were broken are put together again; those that are indented stay as they are. */
function reflow(text: string): string {
  return text.replaceAll(/(?<=\S)\n(?=\S)/g, (_, at: number) => {
    const line = text.slice(text.lastIndexOf("\n", at - 1) + 1, at);
    return line.startsWith(" ") ? "\n" : " ";
  });
}

function formatExamples(examples: readonly Example[], width: number): string {
  if (examples.length === 0) return "";
  const widest = Math.max(...examples.map(([command]) => command.length));
  const lines = examples.map(([command, effect]) => {
    const beside = `${INDENT}${command.padEnd(widest)}  # ${effect}`;
    if (effect === "") return `${INDENT}${command}`;
    return beside.length <= width ? beside : `${INDENT}# ${effect}\n${INDENT}${command}`;
  });
  return ["Examples:", ...lines].join("\n");
}

function formatSection({ title, rows }: Section, width: number): string {
  if (rows.length === 0) return "";
  const beside = Math.min(WIDEST_TERM, Math.max(...rows.map(([term]) => term.length)));
  // Where a meaning would have no room beside its term, it stands below.
  const terms = width - beside < NARROWEST_MEANING ? INDENT.length : beside;
  const lines = rows.map(([term, meaning]) => {
    const hanging = " ".repeat(INDENT.length + terms + 2);
    const text = wrapText(meaning, width - hanging.length)
      .split("\n")
      .join(`\n${hanging}`);
    const head = `${INDENT}${term.padEnd(terms)}`;
    return (term.length > terms ? `${head}\n${hanging}${text}` : `${head}  ${text}`).trimEnd();
  });
  return [`${title}:`, ...lines].join("\n");
}
