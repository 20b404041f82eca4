/** A verb as completion scripts need it. */
export type DescribedVerb = {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly {
    /** `--platform` */
    readonly long: string;
    readonly description: string;
    readonly takesValue: boolean;
  }[];
  /** All that its first argument may be; empty when that is anything. */
  readonly words: readonly string[];
  /** Are its arguments files, or may they be? */
  readonly takesFiles: boolean;
  /** Verbs of its own: `kubernetes` of `mirror`. */
  readonly verbs: readonly DescribedVerb[];
};
