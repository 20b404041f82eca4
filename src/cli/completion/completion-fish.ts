import type { DescribedVerb } from "./described-verb.ts";

/** A completion script for fish: verbs and options with what they do, and files where they can stand. */
export function fishCompletion(verbs: readonly DescribedVerb[]): string {
  const withFiles = verbs.filter(takesFiles).map(({ name }) => name);
  const lines = [
    `complete -c larder -n 'not __fish_seen_subcommand_from ${withFiles.join(" ")}' -f`,
    ...verbs.flatMap((verb) => formatVerb(verb, "__fish_use_subcommand")),
  ];
  return `# Completion of larder for fish.\n${lines.join("\n")}\n`;
}

function takesFiles(verb: DescribedVerb): boolean {
  return verb.takesFiles || verb.verbs.some(takesFiles);
}

/** The verb is offered when `condition` holds; its own things once it was written. */
function formatVerb({ name, summary, flags, words, verbs }: DescribedVerb, condition: string): readonly string[] {
  const written = `__fish_seen_subcommand_from ${name}`;
  const names = verbs.map((verb) => verb.name);
  const isOpen = names.length === 0 ? written : `${written}; and not __fish_seen_subcommand_from ${names.join(" ")}`;
  return [
    `complete -c larder -n '${condition}' -a ${name} -d ${quote(summary)}`,
    ...words.map((word) => `complete -c larder -n '${written}' -a ${word}`),
    ...flags.map(
      ({ long, description, takesValue }) =>
        `complete -c larder -n '${isOpen}' -l ${long.slice(2)}${takesValue ? " -r" : ""} -d ${quote(description)}`,
    ),
    ...verbs.flatMap((verb) => formatVerb(verb, isOpen)),
  ];
}

function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'").replaceAll("\n", " ")}'`;
}
