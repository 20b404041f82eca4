import type { Example } from "./verb-guide.ts";

/** A verb as it is told of elsewhere than in its help: completion scripts, the reference, man pages. */
export type DescribedVerb = {
  readonly name: string;
  /** How it is called: `larder mirror kubernetes`. */
  readonly call: string;
  /** Whole other calls for it: `larder mirror k8s`. */
  readonly otherCalls: readonly string[];
  /** Behind the call: `[options] <version>`. */
  readonly usage: string;
  readonly summary: string;
  /** What it does: sentences, and indented lines that stay lines (`readProse`). */
  readonly description: string;
  readonly examples: readonly Example[];
  readonly arguments: readonly DescribedArgument[];
  readonly flags: readonly DescribedFlag[];
  /** All that its first argument may be; empty when that is anything. */
  readonly words: readonly string[];
  /** What its arguments may be, as far as that can be completed. */
  readonly takes: readonly ("files" | "images")[];
  /** Verbs of its own: `kubernetes` of `mirror`. */
  readonly verbs: readonly DescribedVerb[];
};

/** An argument: `<image...>`, and what it is, with its default and choices in words. */
export type DescribedArgument = { readonly term: string; readonly meaning: string };

/** A flag. */
export type DescribedFlag = {
  /** `--platform` */
  readonly long: string;
  /** As help shows it: `-f, --values <file>` */
  readonly term: string;
  readonly description: string;
  /** The description, with its default and choices in words. */
  readonly meaning: string;
  /** What stands behind it: nothing, a file, one of some words, or anything. */
  readonly value: "none" | "file" | "any" | readonly string[];
};
