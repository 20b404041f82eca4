import { Argument, Command, type Option } from "commander";
import { clientTargets } from "../../clients/targets/targets.ts";
import type { CommandIo } from "../../lib/command/command-io.ts";
import { bashCompletion } from "../completion/completion-bash.ts";
import { fishCompletion } from "../completion/completion-fish.ts";
import { zshCompletion } from "../completion/completion-zsh.ts";
import type { DescribedFlag, DescribedVerb } from "../completion/described-verb.ts";

const PRINTERS: Readonly<Record<string, (verbs: readonly DescribedVerb[]) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/** `larder completion SHELL`: prints a script that completes verbs, options, their values and images. `load` gives all commands. */
export function completionCommand(io: CommandIo, load: () => Promise<readonly Command[]>): Command {
  return new Command("completion")
    .description(
      "Print a completion script:\n" +
        "  bash:  larder completion bash > /etc/bash_completion.d/larder\n" +
        "  zsh:   larder completion zsh > /usr/share/zsh/site-functions/_larder\n" +
        "  fish:  larder completion fish > /etc/fish/completions/larder.fish",
    )
    .addArgument(new Argument("<shell>", "whose script").choices(Object.keys(PRINTERS)))
    .action(async (shell: string) => {
      const verbs = (await load()).map(describeVerb);
      io.stdout.write(PRINTERS[shell]?.(verbs) ?? "");
    });
}

function describeVerb(command: Command): DescribedVerb {
  const flags = command.options.flatMap((option) => {
    const { long, description } = option;
    return long ? [{ long, description, value: valueOf(option) }] : [];
  });
  const [first] = command.registeredArguments;
  return {
    name: command.name(),
    summary: command.summary() || (command.description().split("\n")[0] ?? ""),
    flags: [...flags, { long: "--help", description: "show its help", value: "none" }],
    words: first?.argChoices ?? (first?.name() === "target" ? clientTargets().map(({ name }) => name) : []),
    takes: takenBy(command),
    verbs: command.createHelp().visibleCommands(command).map(describeVerb),
  };
}

function takenBy(command: Command): DescribedVerb["takes"] {
  const names = command.registeredArguments.map((argument) => argument.name());
  const isOne = (pattern: RegExp) => names.some((name) => name.split("|").some((word) => pattern.test(word)));
  return [
    ...(isOne(/^image/) ? (["images"] as const) : []),
    ...(isOne(/^(?:path|file|folder|dir|source|dest)/) ? (["files"] as const) : []),
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
