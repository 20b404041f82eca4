/** A verb as completion scripts need it. */
export type DescribedVerb = {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly DescribedFlag[];
  /** All that its first argument may be; empty when that is anything. */
  readonly words: readonly string[];
  /** What its arguments may be, as far as that can be completed. */
  readonly takes: readonly ("files" | "images")[];
  /** Verbs of its own: `kubernetes` of `mirror`. */
  readonly verbs: readonly DescribedVerb[];
};

/** A flag. */
export type DescribedFlag = {
  /** `--platform` */
  readonly long: string;
  readonly description: string;
  /** What stands behind it: nothing, a file, one of some words, or anything. */
  readonly value: "none" | "file" | "any" | readonly string[];
};
