import { Argument, Command } from "commander";
import type { CommandIo } from "../../lib/command/command-io.ts";
import { bashCompletion } from "../completion/completion-bash.ts";
import { fishCompletion } from "../completion/completion-fish.ts";
import { zshCompletion } from "../completion/completion-zsh.ts";
import { describeVerb } from "../describe-verb.ts";
import type { DescribedVerb } from "../help/described-verb.ts";

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
