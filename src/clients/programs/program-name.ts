/** What the program is called for each kind of machine, as builds name it. */
export const PROGRAM_FILES: readonly string[] = [
  "larder-linux-x64",
  "larder-linux-arm64",
  "larder-linux-x64-musl",
  "larder-linux-arm64-musl",
];

/** A program for a kind of machine, by all the names that people have for that: the builds' own is the first. */
export type ProgramName = { readonly file: string; readonly spellings: readonly string[] };

/**
 * The program that a name means: `larder-linux-amd64`, `…-x64` or `…-x86_64`, `…-arm64` or `…-aarch64`, with `-musl` behind
 * it for the C library of Alpine. Null for anything else.
 */
export function parseProgramName(name: string): ProgramName | null {
  const [, processor = "", musl = ""] = /^larder-linux-([a-z0-9_]+)(-musl)?$/.exec(name) ?? [];
  const spelled = PROCESSORS.find((processors) => processors.includes(processor));
  if (spelled === undefined) return null;
  const [file = "", ...others] = spelled.map((each) => `larder-linux-${each}${musl}`);
  return { file, spellings: [file, ...others] };
}

const PROCESSORS = [
  ["x64", "amd64", "x86_64"],
  ["arm64", "aarch64"],
];
