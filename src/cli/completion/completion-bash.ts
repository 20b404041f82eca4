import type { DescribedVerb } from "../help/described-verb.ts";

/** A completion script for bash: verbs, options and their values, images that larder has, and files where they can stand. */
export function bashCompletion(verbs: readonly DescribedVerb[]): string {
  const nested = verbs.flatMap((verb) => verb.verbs.map(({ name }) => `"${verb.name} ${name}"`));
  return `# Completion of larder for bash.
_larder() {
  # bash takes a word apart at its colons; what is written is in the line.
  local line=\${COMP_LINE:0:COMP_POINT} current= previous= verb= word words= valued= files= images=
  local -a written
  read -ra written <<< "$line"
  case "$line" in *[[:space:]]) ;; *) current=\${written[-1]}; unset 'written[-1]' ;; esac
  [ \${#written[@]} -eq 0 ] || previous=\${written[-1]}
  COMPREPLY=()
  for word in "\${written[@]:1}"; do
    case "$verb $word" in
      ${nested.join("|") || '"-"'}) verb="$verb $word" ;;
      *) [ -n "$verb" ] || case "$word" in -*) ;; *) verb=$word ;; esac ;;
    esac
  done
  case "$verb" in
    "") words="${verbs.map(({ name }) => name).join(" ")} help --help --version" ;;
    help) words="${verbs.map(({ name }) => name).join(" ")}" ;;
${verbs.flatMap((verb) => formatCases(verb, "")).join("\n")}
  esac
  case "$verb $previous" in
${verbs.flatMap((verb) => formatValues(verb, "")).join("\n")}
    *) case "$valued" in *" $previous "*) compopt -o default; return ;; esac ;;
  esac
  case "$images $current" in
    "yes -"*) ;;
    yes*) words="$words $(command larder completion-words images "$current" 2>/dev/null)" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  case "$current" in
    # What stands before the last of these stays as it is, and an at-sign is part of what does not.
    *[:@=]*) word=\${current%"\${current##*[:@=]}"}; COMPREPLY=("\${COMPREPLY[@]#"\${word%@}"}") ;;
  esac
  [ -z "$files" ] || [ "\${current#-}" != "$current" ] || compopt -o default
}
complete -F _larder larder
`;
}

function formatCases(verb: DescribedVerb, before: string): readonly string[] {
  const valued = verb.flags.filter(({ value }) => value !== "none").map(({ long }) => long);
  const words = [...verb.verbs.map(({ name }) => name), ...verb.words, ...verb.flags.map(({ long }) => long)].join(" ");
  const takes = verb.takes.map((kind) => ` ${kind}=yes`).join("");
  return [
    `    "${before}${verb.name}") words="${words}" valued=" ${valued.join(" ")} "${takes} ;;`,
    ...verb.verbs.flatMap((child) => formatCases(child, `${before}${verb.name} `)),
  ];
}

/** Behind a flag with known values stands one of those. */
function formatValues(verb: DescribedVerb, before: string): readonly string[] {
  const path = `${before}${verb.name}`;
  return [
    ...verb.flags.flatMap(({ long, value }) =>
      typeof value === "string" ? [] : [`    "${path} ${long}") words="${value.join(" ")}" files= images= ;;`],
    ),
    ...verb.verbs.flatMap((child) => formatValues(child, `${path} `)),
  ];
}
