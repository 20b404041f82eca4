/** What somebody wants to do. `push` is all of an upload, `administer` what the admin API changes; all else is `pull`. */
export type Action = "pull" | "push" | "delete" | "administer";

/** All actions, in the order in which people are told of them. */
export const ACTIONS: readonly Action[] = ["pull", "push", "delete", "administer"];

/** The action that a word names; null when there is none of this name. */
export function tryParseAction(word: string): Action | null {
  return ACTIONS.find((action) => action === word) ?? null;
}
