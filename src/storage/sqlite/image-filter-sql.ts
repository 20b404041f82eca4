import { digestPrefixOf, type ImageFilter, namePartOf } from "../image-search.ts";
import { firstName, lastName, type Value } from "./sqlite-tag-order.ts";

/** A condition on a row `t` of `tag`, or what is computed of one. */
export type Condition = { readonly sql: string; readonly values: readonly Value[] };

/** Of two tags of a name the one that pulls see; few are covered, and they have an index of their own. */
const SEEN = `(t.pushed = 1 OR NOT EXISTS (SELECT 1 FROM tag o INDEXED BY tag_covered
  WHERE o.covered = 1 AND o.repository = t.repository AND o.name = t.name))`;
/** An attachment's tag whose subject is here is none of its own. */
const OWN = `NOT (t.name GLOB 'sha256-*' AND EXISTS (SELECT 1 FROM repository_manifest m
  WHERE m.repository = t.repository AND m.manifest = 'sha256:' || substr(t.name, 8, 64)))`;
const SIGNED = `EXISTS (SELECT 1 FROM tag s INDEXED BY tag_signed
  WHERE s.signed = 1 AND s.repository = t.repository AND s.name = t.name AND s.pushed = t.pushed)`;
const ATTACHED = "sha256-";

/** What a filter says, but for `isMeant`. `isByName`: the range that is looked through is the namespace's. */
export function conditionsOf(
  { namespace, words, kind, isSigned }: ImageFilter,
  isByName: boolean,
): readonly Condition[] {
  const conditions: Condition[] = [];
  // Without the sign the namespace's range would be taken for the better index.
  if (namespace !== null && !isByName)
    conditions.push({
      sql: "+t.repository > ? AND +t.repository < ?",
      values: [firstName(namespace), lastName(namespace)],
    });
  if (kind !== null) conditions.push({ sql: "t.pushed = ?", values: [kind === "pushed" ? 1 : 0] });
  for (const word of words) conditions.push(wordCondition(word));
  conditions.push({ sql: SEEN, values: [] });
  if (!words.some((word) => word.toLowerCase().includes(ATTACHED))) conditions.push({ sql: OWN, values: [] });
  if (isSigned !== null) conditions.push({ sql: isSigned ? SIGNED : `NOT ${SIGNED}`, values: [] });
  return conditions;
}

function wordCondition(word: string): Condition {
  const part = likeOf("%", word, "%");
  const prefix = digestPrefixOf(word);
  const [sql, values] = word.includes(":")
    ? // Only a word with a colon can reach from a repository's name into a tag's.
      [`t.repository || ':' || t.name ${LIKE}`, [part]]
    : [`t.repository ${LIKE} OR t.name ${LIKE}`, [part, part]];
  if (prefix === null) return { sql: `(${sql})`, values };
  return { sql: `(${sql} OR t.manifest ${LIKE})`, values: [...values, `${prefix}%`] };
}

/** Where a repository stands, as `rankOf` says. */
export function rankSql(words: readonly string[]): Condition {
  const paths = words.map(namePartOf).filter((path) => path !== "");
  if (paths.length === 0) return { sql: "2", values: [] };
  const some = paths.map(() => `'/' || t.repository ${LIKE}`).join(" OR ");
  const ends = paths.map((path) => likeOf("%/", path, ""));
  const parts = paths.map((path) => likeOf("%/", path, "%"));
  return { sql: `CASE WHEN ${some} THEN 0 WHEN ${some} THEN 1 ELSE 2 END`, values: [...ends, ...parts] };
}

const LIKE = "LIKE ? ESCAPE '!'";

function likeOf(before: string, text: string, behind: string): string {
  return before + text.replaceAll(/[!%_]/g, "!$&") + behind;
}
