/** Something in another registry's folder that is not as it should be, and could not be taken over as it is. */
export type AdoptionProblem = {
  /** The repository, or `NAME:TAG` or `NAME@DIGEST`, by its name there; null: it belongs to none. */
  readonly image: string | null;
  /** The file, below the layout's folder; null: there is no one file. */
  readonly file: string | null;
  /** What is wrong, and what came of it. */
  readonly what: string;
};

/** Is told of each. */
export type NoteProblem = (problem: AdoptionProblem) => void;
