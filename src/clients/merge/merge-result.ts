/** What came of putting larder's settings into a file that others write, too. */
export type MergeResult =
  /** `note` is a sentence when a person should know what went. */
  | { readonly kind: "merged"; readonly text: string; readonly note: string | null }
  /** The file says it already, or needs not say it; `note` is a sentence when a person should know why. */
  | { readonly kind: "unchanged"; readonly note: string | null }
  /** It cannot be done without the risk of breaking what somebody wrote. `reason` begins in lower case. */
  | { readonly kind: "impossible"; readonly reason: string };

/** The file is changed to `text`. */
export function merged(text: string, note: string | null = null): MergeResult {
  return { kind: "merged", text, note };
}

/** The file stays as it is. */
export function unchanged(note: string | null = null): MergeResult {
  return { kind: "unchanged", note };
}

/** The file cannot be changed, for this reason. */
export function impossible(reason: string): MergeResult {
  return { kind: "impossible", reason };
}
