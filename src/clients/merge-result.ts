/** What came of putting larder's settings into a file that others write, too. */
export type MergeResult =
  | { readonly kind: "merged"; readonly text: string }
  /** The file says it already, or needs not say it; `note` is a sentence when a person should know why. */
  | { readonly kind: "unchanged"; readonly note: string | null }
  /** It cannot be done without the risk of breaking what somebody wrote. `reason` begins in lower case. */
  | { readonly kind: "impossible"; readonly reason: string };

/** Shorthands for the three. */
export function merged(text: string): MergeResult {
  return { kind: "merged", text };
}

export function unchanged(note: string | null = null): MergeResult {
  return { kind: "unchanged", note };
}

export function impossible(reason: string): MergeResult {
  return { kind: "impossible", reason };
}
