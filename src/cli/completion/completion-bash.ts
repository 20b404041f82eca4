import type { DescribedVerb } from "./described-verb.ts";

/** A completion script for bash: verbs, options, and files where they can stand. */
export function bashCompletion(verbs: readonly DescribedVerb[]): string {
  const nested = verbs.flatMap((verb) => verb.verbs.map(({ name }) => `"${verb.name} ${name}"`));
  return `# Completion of larder for bash.
_larder() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} verb= word words= valued= files=
  COMPREPLY=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$verb $word" in
      ${nested.join("|") || '"-"'}) verb="$verb $word" ;;
      *) [ -n "$verb" ] || case "$word" in -*) ;; *) verb=$word ;; esac ;;
    esac
  done
  case "$verb" in
    "") words="${verbs.map(({ name }) => name).join(" ")} --help --version" ;;
${verbs.flatMap((verb) => formatCases(verb, "")).join("\n")}
  esac
  case "$valued" in *" $previous "*) compopt -o default; return ;; esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [ -z "$files" ] || [ "\${current#-}" != "$current" ] || compopt -o default
}
complete -F _larder larder
`;
}

function formatCases(verb: DescribedVerb, before: string): readonly string[] {
  const valued = verb.flags.filter(({ takesValue }) => takesValue).map(({ long }) => long);
  const words = [...verb.verbs.map(({ name }) => name), ...verb.words, ...verb.flags.map(({ long }) => long)].join(" ");
  const files = verb.takesFiles ? " files=yes" : "";
  return [
    `    "${before}${verb.name}") words="${words}" valued=" ${valued.join(" ")} "${files} ;;`,
    ...verb.verbs.flatMap((child) => formatCases(child, `${before}${verb.name} `)),
  ];
}
