import { quoteBriefly } from "../oci/digest.ts";
import { type NamePattern, parseNamePattern } from "../oci/image-pattern.ts";
import { RegistryError } from "../oci/registry-error.ts";
import type { Repository } from "../oci/repository.ts";
import { nameOf } from "../oci/repository.ts";
import { type Action, ACTIONS, tryParseAction } from "./action.ts";

/** Some actions on all repositories whose names match one of the patterns. */
export type Grant = { readonly actions: ReadonlySet<Action>; readonly names: readonly NamePattern[] };

/**
 * The grant that a text spells: `ACTION[,ACTION…]:PATTERN[,PATTERN…]`, such as `pull,push:team/**`; `*` is every action, and alone
 * everything.
 * Throws BAD_REQUEST or NAME_INVALID, saying what is wrong.
 */
export function parseGrant(text: string): Grant {
  if (text === "*") return parseGrant("*:**");
  const colon = text.indexOf(":");
  if (colon < 0) throw invalid(`${quoteBriefly(text)} does not say on what`);
  const actions = new Set(text.slice(0, colon).split(",").flatMap(actionsOf));
  return {
    actions,
    names: text
      .slice(colon + 1)
      .split(",")
      .map(parseNamePattern),
  };
}

/** As `parseGrant`, for one that somebody gives just now: what allows nothing is refused, too. */
export function parseNewGrant(text: string): Grant {
  const grant = parseGrant(text);
  const { actions, names } = grant;
  if (!actions.has("administer") || actions.size === ACTIONS.length || names.some((name) => name.text === "**"))
    return grant;
  throw invalid(`${quoteBriefly(text)} has administer, which is about larder as a whole and takes the name **`);
}

/** The text that spells a grant. */
export function formatGrant({ actions, names }: Grant): string {
  const told = ACTIONS.filter((action) => actions.has(action));
  const words = told.length === ACTIONS.length ? "*" : told.join(",");
  return `${words}:${names.map(({ text }) => text).join(",")}`;
}

/**
 * Does it allow this? What concerns all repositories is allowed by a grant for all names alone. To pull from none in particular
 * is to look at lists, which are cut to what somebody may pull: any name will do.
 */
export function grants(
  { actions, names }: Pick<Grant, "actions" | "names">,
  action: Action,
  repository: Repository | null,
): boolean {
  if (!actions.has(action)) return false;
  if (repository === null) return action === "pull" || names.some(({ text }) => text === "**");
  const name = nameOf(repository);
  return names.some((pattern) => pattern.matches(name));
}

function actionsOf(word: string): readonly Action[] {
  if (word === "*") return ACTIONS;
  const action = tryParseAction(word);
  if (action === null) throw invalid(`there is no action ${quoteBriefly(word)}`);
  return [action];
}

function invalid(why: string): RegistryError {
  return new RegistryError(
    "BAD_REQUEST",
    `${why}: a grant is ACTION,…:PATTERN,…, such as pull,push:team/**, of the actions ${ACTIONS.join(", ")}, or * for all`,
  );
}
