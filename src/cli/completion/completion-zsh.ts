import type { DescribedFlag, DescribedVerb } from "../help/described-verb.ts";

/** A completion script for zsh: verbs and options with what they do, their values, images that larder has, and files. */
export function zshCompletion(verbs: readonly DescribedVerb[]): string {
  return `#compdef larder
# Completion of larder for zsh.
_larder_images() {
  local -a images
  images=(\${(f)"$(command larder completion-words images "$PREFIX" 2>/dev/null)"})
  compadd -a images
}
_larder_images_files() {
  _larder_images
  _files
}
_larder() {
  local -a verbs
${formatChoice(verbs, "  ")}
}
if [ "$funcstack[1]" = "_larder" ]; then _larder "$@"; else compdef _larder larder; fi
`;
}

/** Completes the word behind a command as one of its verbs, or hands what follows to that verb. */
function formatChoice(verbs: readonly DescribedVerb[], indent: string): string {
  const lines = [
    "if (( CURRENT == 2 )); then",
    "  verbs=(",
    ...verbs.map(({ name, summary }) => `    '${name}:${plain(summary)}'`),
    "  )",
    "  _describe 'verb' verbs",
    "  return",
    "fi",
    "shift words",
    "(( CURRENT-- ))",
    "case $words[1] in",
    ...verbs.map((verb) => `  ${verb.name})\n${formatVerb(verb, `${indent}    `)}\n${indent}    ;;`),
    "esac",
  ];
  return lines.map((line) => `${indent}${line}`).join("\n");
}

function formatVerb(verb: DescribedVerb, indent: string): string {
  if (verb.verbs.length > 0) return formatChoice(verb.verbs, indent);
  const flags = verb.flags.map(formatFlag);
  const words = verb.words.length === 0 ? [] : [`'1:what:(${verb.words.join(" ")})'`];
  const rest = { "": [], files: ["'*:file:_files'"], images: ["'*:image:_larder_images'"] }[verb.takes.join(" ")] ?? [
    "'*:image or file:_larder_images_files'",
  ];
  return `${indent}_arguments ${[...flags, ...words, ...rest].join(` \\\n${indent}  `)}`;
}

function formatFlag({ long, description, value }: DescribedFlag): string {
  const name = long.slice(2);
  const what = typeof value === "string" ? (value === "file" ? "_files" : " ") : `(${value.join(" ")})`;
  return `'*${long}[${plain(description)}]${value === "none" ? "" : `:${name}:${what}`}'`;
}

/** Without what ends a description or a string in zsh. */
function plain(text: string): string {
  return text.replaceAll("'", "’").replaceAll(/[[\]:\n]/g, " ");
}
