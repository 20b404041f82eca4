import { Command } from "commander";
import { CommandFailure, type CommandIo } from "./command-io.ts";

/** `larder completion SHELL`: prints a script that completes verbs and options. `load` gives all commands. */
export function completionCommand(io: CommandIo, load: () => Promise<readonly Command[]>): Command {
  return new Command("completion")
    .summary("print a completion script for bash, zsh or fish")
    .description(
      "Print a completion script:\n" +
        "  bash:  larder completion bash > /etc/bash_completion.d/larder\n" +
        "  zsh:   larder completion zsh > /usr/share/zsh/site-functions/_larder\n" +
        "  fish:  larder completion fish > /etc/fish/completions/larder.fish",
    )
    .argument("<shell>", "bash, zsh or fish")
    .action(async (shell: string) => {
      const print = PRINTERS[shell];
      if (print === undefined) throw new CommandFailure(2, `completion ${shell}: write bash, zsh or fish`);
      io.stdout.write(print((await load()).flatMap((command) => describe(command, ""))));
    });
}

/** A verb, or a verb and what follows it: `mirror kubernetes`. */
type Described = {
  readonly words: string;
  readonly summary: string;
  readonly flags: readonly Flag[];
  readonly next: readonly string[];
};
type Flag = { readonly long: string; readonly description: string; readonly takesValue: boolean };

const PRINTERS: Readonly<Record<string, (commands: readonly Described[]) => string>> = { bash, zsh, fish };

function describe(command: Command, before: string): readonly Described[] {
  const words = `${before}${command.name()}`;
  const flags = command.options.flatMap(({ long, description, required, optional }) =>
    long ? [{ long, description, takesValue: required || optional }] : [],
  );
  const children = command.commands.flatMap((child) => describe(child, `${words} `));
  const next = command.commands.map((child) => child.name());
  return [
    { words, summary: command.summary() || command.description().split("\n")[0] || "", flags, next },
    ...children,
  ];
}

function bash(commands: readonly Described[]): string {
  const cases = commands.map(({ words, flags, next }) => {
    const valued = flags.filter(({ takesValue }) => takesValue).map(({ long }) => long);
    return `    ${bashWord(words)}) words="${[...next, ...flags.map(({ long }) => long), "--help"].join(" ")}"; valued=" ${valued.join(" ")} " ;;`;
  });
  return `# Completion of larder for bash.
_larder() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} verb= word words= valued=
  COMPREPLY=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$verb \${word}" in
      ${
        commands
          .filter(({ words }) => words.includes(" "))
          .map(({ words }) => `"${words}"`)
          .join("|") || '"-"'
      }) verb="$verb $word" ;;
      *) [ -n "$verb" ] || case "$word" in -*) ;; *) verb=$word ;; esac ;;
    esac
  done
  case "$verb" in
    "") words="${[...new Set(commands.map(({ words }) => words.split(" ")[0]))].join(" ")} --help --version" ;;
${cases.join("\n")}
  esac
  case "$valued" in *" $previous "*) compopt -o default; return ;; esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [ -z "$verb" ] || [ "\${current#-}" != "$current" ] || compopt -o default
}
complete -F _larder larder
`;
}

function bashWord(words: string): string {
  return words.includes(" ") ? `"${words}"` : words;
}

function zsh(commands: readonly Described[]): string {
  const verbs = commands.filter(({ words }) => !words.includes(" "));
  const cases = verbs.map(({ words, flags, next }) => {
    const specs = flags.map(
      ({ long, description, takesValue }) => `'${long}[${zshText(description)}]${takesValue ? ":value:_files" : ""}'`,
    );
    const rest = next.length === 0 ? "'*:file:_files'" : `'1:what:(${next.join(" ")})' '*:file:_files'`;
    return `    ${words}) _arguments ${[...specs, rest].join(" ")} ;;`;
  });
  return `#compdef larder
# Completion of larder for zsh.
_larder() {
  local -a verbs
  verbs=(
${verbs.map(({ words, summary }) => `    '${words}:${zshText(summary)}'`).join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe 'verb' verbs
    return
  fi
  local verb=$words[2]
  shift words
  (( CURRENT-- ))
  case $verb in
${cases.join("\n")}
  esac
}
if [ "$funcstack[1]" = "_larder" ]; then _larder "$@"; else compdef _larder larder; fi
`;
}

function zshText(text: string): string {
  return text.replaceAll("'", "’").replaceAll(/[[\]:]/g, " ");
}

function fish(commands: readonly Described[]): string {
  const lines = commands.flatMap(({ words, summary, flags }) => {
    const [first = "", second] = words.split(" ");
    const verb =
      second === undefined
        ? `complete -c larder -n __fish_use_subcommand -a ${first} -d ${fishText(summary)}`
        : `complete -c larder -n '__fish_seen_subcommand_from ${first}' -a ${second} -d ${fishText(summary)}`;
    const options = flags.map(
      ({ long, description, takesValue }) =>
        `complete -c larder -n '__fish_seen_subcommand_from ${second ?? first}' -l ${long.slice(2)}${takesValue ? " -r" : ""} -d ${fishText(description)}`,
    );
    return [verb, ...options];
  });
  return `# Completion of larder for fish.\n${lines.join("\n")}\n`;
}

function fishText(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'").replaceAll("\n", " ")}'`;
}
