import type { Argument, Command, Option } from "commander";
import { clientTargets } from "../clients/targets/targets.ts";
import type { DescribedArgument, DescribedFlag, DescribedVerb } from "./help/described-verb.ts";
import { examplesOf } from "./help/verb-guide.ts";

/** Describes a verb and its own verbs, from its command, which no program has taken in yet. */
export function describeVerb(command: Command): DescribedVerb {
  return describe(command, []);
}

function describe(command: Command, above: readonly string[]): DescribedVerb {
  const path = [...above, command.name()];
  const help = command.helpCommand(false).createHelp();
  const [first] = command.registeredArguments;
  return {
    name: command.name(),
    call: ["larder", ...path].join(" "),
    otherCalls: command.aliases().map((alias) => ["larder", ...above, alias].join(" ")),
    usage: command.usage(),
    summary: command.summary() || (command.description().split("\n")[0] ?? ""),
    description: command.description() || command.summary(),
    examples: examplesOf(path),
    arguments: command.registeredArguments.map(describeArgument),
    flags: [...command.options.filter(({ hidden }) => !hidden).flatMap(describeFlag), HELP_FLAG],
    words: first?.argChoices ?? (path[0] === "client" ? clientTargets().map(({ name }) => name) : []),
    takes: takenBy(command),
    verbs: help.visibleCommands(command).map((child) => describe(child, path)),
  };
}

const HELP_FLAG: DescribedFlag = {
  long: "--help",
  term: "-h, --help",
  description: "show its help",
  meaning: "show its help",
  value: "none",
};

function describeFlag(option: Option): readonly DescribedFlag[] {
  const { long, flags, description, argChoices, defaultValue } = option;
  if (!long) return [];
  const meaning = withValues(description, argChoices, defaultValue);
  return [{ long, term: flags, description, meaning, value: valueOf(option) }];
}

function describeArgument(argument: Argument): DescribedArgument {
  const { required, variadic, argChoices, defaultValue, description } = argument;
  const name = `${argument.name()}${variadic ? "..." : ""}`;
  const meaning = withValues(description, argChoices, defaultValue);
  return { term: required ? `<${name}>` : `[${name}]`, meaning };
}

/** The same words as in help, less the quotes. */
function withValues(description: string, choices: readonly string[] | undefined, usual: unknown): string {
  const words = [
    ...(choices === undefined ? [] : [choices.join(", ")]),
    ...(typeof usual === "string" ? [`default ${usual}`] : []),
  ];
  return words.length === 0 ? description : `${description} (${words.join("; ")})`;
}

function takenBy(command: Command): DescribedVerb["takes"] {
  const names = command.registeredArguments.map((argument) => argument.name());
  const isOne = (pattern: RegExp) => names.some((name) => name.split("|").some((word) => pattern.test(word)));
  return [
    ...(isOne(/^image/) ? (["images"] as const) : []),
    ...(isOne(/^(?:path|file|folder|dir|source|dest|target)/) ? (["files"] as const) : []),
  ];
}

/** Values that are worth offering, though others are taken as well. */
const USUAL_VALUES: Readonly<Record<string, readonly string[]>> = {
  "--platform": ["linux/amd64", "linux/arm64", "linux/arm/v7", "linux/ppc64le", "linux/riscv64", "linux/s390x"],
  "--runtime": ["containerd@1.7", "containerd@2.0", "containerd@2.1", "containerd@2.2", "cri-o@1.34", "none"],
  "--os": ["linux", "windows"],
  "--arch": ["amd64", "arm64", "arm/v7"],
  "--helm": ["3", "4"],
};

function valueOf({ long, flags, argChoices, required, optional }: Option): DescribedFlag["value"] {
  if (!required && !optional) return "none";
  const known = argChoices ?? USUAL_VALUES[long ?? ""];
  if (known !== undefined) return known;
  return /<(?:[^>]*(?:file|folder|dir|json|path)[^>]*)>/.test(flags) ? "file" : "any";
}
