import type { DiscoveryLine } from "../../admin/discovery-schemas.ts";

type Line<Kind extends DiscoveryLine["kind"]> = Extract<DiscoveryLine, { kind: Kind }>;

/** An image that files name, and whether it is here. */
export type NeededImage = Omit<Line<"image">, "kind">;
/** Something to know about a file. */
export type FileProblem = Omit<Line<"problem">, "kind">;

/** An image in a file: a row for people. */
export type NamedImage = {
  readonly key: string;
  readonly file: string;
  readonly lines: readonly number[];
  readonly image: string;
  readonly isGuess: boolean;
  readonly isBuiltLocally: boolean;
  /** Null: it is built locally, and no registry has it. */
  readonly needed: NeededImage | null;
};

/** All that was found. */
export type Discovered = {
  readonly files: number;
  readonly rows: readonly NamedImage[];
  readonly images: readonly NeededImage[];
  readonly problems: readonly FileProblem[];
  /** What there was no room to tell. */
  readonly left: number;
};

/** Puts the lines of an answer together. Throws an Error with larder's words for what failed, or broke off. */
export async function collectLines(lines: AsyncIterable<DiscoveryLine>): Promise<Discovered> {
  const references: Line<"reference">[] = [];
  const images: NeededImage[] = [];
  const problems: FileProblem[] = [];
  let files = 0;
  for await (const line of lines) {
    if (line.kind === "received") files = line.files;
    else if (line.kind === "reference") references.push(line);
    else if (line.kind === "problem") problems.push(line);
    else if (line.kind === "image") images.push(line);
    else if (line.kind === "failed") throw new Error(line.message);
    else return { files, rows: rowsOf(references, images), images, problems, left: line.left };
  }
  throw new Error("larder was stopped meanwhile; try again");
}

/** The same with other states of some images. */
export function withStates(found: Discovered, images: readonly NeededImage[]): Discovered {
  const byKey = new Map(images.map((image) => [keyOf(image), image]));
  const rows = found.rows.map((row) => ({
    ...row,
    needed: row.needed && (byKey.get(keyOf(row.needed)) ?? row.needed),
  }));
  return { ...found, images, rows };
}

/** What tells an image for some platforms from others. */
export function keyOf({ image, platforms }: Pick<NeededImage, "image" | "platforms">): string {
  return `${image} ${JSON.stringify(platforms)}`;
}

function rowsOf(references: readonly Line<"reference">[], images: readonly NeededImage[]): readonly NamedImage[] {
  const needed = new Map<string, NeededImage>();
  for (const image of images) {
    needed.set(`${image.image} ${image.platform ?? ""}`, image);
    if (!needed.has(image.image)) needed.set(image.image, image);
  }
  const rows = new Map<string, NamedImage & { lines: number[]; isGuess: boolean }>();
  for (const { file, line, image, platform, certainty, isBuiltLocally } of references) {
    const key = `${file}\n${image}\n${platform ?? ""}`;
    const known = rows.get(key);
    const row = known ?? {
      key,
      file,
      lines: [],
      image,
      isGuess: true,
      isBuiltLocally,
      needed: needed.get(`${image} ${platform ?? ""}`) ?? needed.get(image) ?? null,
    };
    if (line !== null && !row.lines.includes(line)) row.lines.push(line);
    row.isGuess &&= certainty === "guess";
    rows.set(key, row);
  }
  return [...rows.values()];
}
