import type { DescribedFlag, DescribedVerb } from "../help/described-verb.ts";

/** A completion script for fish: verbs and options with what they do, their values, images that larder has, and files. */
export function fishCompletion(verbs: readonly DescribedVerb[]): string {
  const withFiles = verbs.filter(takesFiles).map(({ name }) => name);
  const lines = [
    `complete -c larder -n 'not __fish_seen_subcommand_from ${withFiles.join(" ")}' -f`,
    ...verbs.flatMap((verb) => formatVerb(verb, "__fish_use_subcommand")),
  ];
  return `# Completion of larder for fish.\n${lines.join("\n")}\n`;
}

const IMAGES = "(command larder completion-words images (commandline -ct) 2>/dev/null)";

function takesFiles(verb: DescribedVerb): boolean {
  return verb.takes.includes("files") || verb.verbs.some(takesFiles);
}

/** The verb is offered when `condition` holds; its own things once it was written. */
function formatVerb(
  { name, summary, flags, words, takes, verbs }: DescribedVerb,
  condition: string,
): readonly string[] {
  const written = `__fish_seen_subcommand_from ${name}`;
  const names = verbs.map((verb) => verb.name);
  const isOpen = names.length === 0 ? written : `${written}; and not __fish_seen_subcommand_from ${names.join(" ")}`;
  return [
    `complete -c larder -n '${condition}' -a ${name} -d ${quote(summary)}`,
    ...words.map((word) => `complete -c larder -n '${written}' -a ${word}`),
    ...(takes.includes("images")
      ? [`complete -c larder -n '${isOpen}'${takes.includes("files") ? "" : " -f"} -a '${IMAGES}'`]
      : []),
    ...flags.map((flag) => `complete -c larder -n '${isOpen}' ${formatFlag(flag)}`),
    ...verbs.flatMap((verb) => formatVerb(verb, isOpen)),
  ];
}

function formatFlag({ long, description, value }: DescribedFlag): string {
  const head = `-l ${long.slice(2)}`;
  const tail = `-d ${quote(description)}`;
  if (value === "none") return `${head} ${tail}`;
  if (typeof value === "string") return `${head} -r ${value === "file" ? "-F " : ""}${tail}`;
  return `${head} -x -a ${quote(value.join(" "))} ${tail}`;
}

function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'").replaceAll("\n", " ")}'`;
}
