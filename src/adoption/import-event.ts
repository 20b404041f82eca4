import type { AdoptionProblem } from "./adoption-problem.ts";

/** How far an import is. Blobs and bytes are those that were read; those that were here cost nothing. */
export type ImportCounts = {
  readonly repositories: number;
  readonly manifests: number;
  /** Tags that were set, that were here as they are there, and that are on something else here and were left. */
  readonly tags: number;
  readonly tagsHere: number;
  readonly tagsKept: number;
  readonly blobs: number;
  readonly bytes: number;
  /** Of the blobs, those that share their space with the folder's: clones and hard links. */
  readonly shared: number;
  /** Indexes that lack some of what they list. */
  readonly sparse: number;
  readonly problems: number;
};

/** What an import tells on its way. */
export type ImportEvent =
  | ({ readonly kind: "progress" } & ImportCounts)
  | ({ readonly kind: "problem" } & AdoptionProblem)
  /** A tag that is on something else here. */
  | {
      readonly kind: "kept";
      readonly image: string;
      readonly here: string;
      readonly there: string;
      readonly why: string;
    };

/** Counts, and tells of them now and then. */
export class ImportTally {
  readonly #tell: (event: ImportEvent) => void;
  readonly #counts = {
    repositories: 0,
    manifests: 0,
    tags: 0,
    tagsHere: 0,
    tagsKept: 0,
    blobs: 0,
    bytes: 0,
    shared: 0,
    sparse: 0,
    problems: 0,
  };
  readonly #elapsed: () => number;
  #toldAtMs = 0;

  constructor(tell: (event: ImportEvent) => void, elapsed: () => number) {
    this.#tell = tell;
    this.#elapsed = elapsed;
  }

  get counts(): ImportCounts {
    return { ...this.#counts };
  }

  /** Adds to a count. */
  add(what: keyof ImportCounts, count = 1): void {
    this.#counts[what] += count;
    const now = this.#elapsed();
    if (now - this.#toldAtMs < TELL_EVERY_MS) return;
    this.#toldAtMs = now;
    this.#tell({ kind: "progress", ...this.#counts });
  }

  /** Notes what is wrong. */
  readonly note = ({ image, file, what }: AdoptionProblem): void => {
    this.add("problems");
    this.#tell({
      kind: "problem",
      image: image && printable(image),
      file: file && printable(file),
      what: printable(what),
    });
  };

  /** Notes a tag that was left as it is here. */
  keep(image: string, here: string, there: string, why: string): void {
    this.add("tagsKept");
    this.#tell({ kind: "kept", image, here, there, why });
  }
}

const TELL_EVERY_MS = 200;

/** Names in somebody else's folder must neither break lines nor steer the terminal that shows them. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028-\u202E\u2066-\u2069]/gu, (one) => {
    return `\\u${(one.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`;
  });
}
