import { parseReference, type Reference } from "../../oci/reference.ts";
import { LOCAL, looksLikeHost, type Namespace } from "../../oci/repository-name.ts";

/**
 * Reads an image as people name it to larder: a reference by Docker's rules, or a full name as larder prints it, in which
 * `local/` stands for what was pushed under larder's own address. Throws NAME_INVALID, TAG_INVALID or DIGEST_INVALID.
 */
export function parseImageName(text: string): Reference {
  return text.startsWith(`${LOCAL}/`) ? parseReference(text.slice(LOCAL.length + 1), LOCAL) : parseReference(text);
}

/**
 * Reads the name of an image that is looked for: without a registry it may mean one that was pushed here, or what a pull by
 * larder's own address finds along its search order (`local/` stands for both), or one of the registries that larder looks
 * for such names at, `unqualified`. The images are in the order in which a pull finds them; the last one has the name that
 * messages use. Throws as `parseImageName` does.
 */
export function parseImageNames(text: string, unqualified: readonly Namespace[]): readonly [Reference, ...Reference[]] {
  return isFull(text) ? [parseImageName(text)] : [parseReference(text, LOCAL), ...parseIn(text, unqualified)];
}

/**
 * Reads the name of an image that is to be fetched, in the order in which a pull by larder's own address asks upstream:
 * without a registry one of each of `unqualified`. With none of those it is one of `local`. Throws as `parseImageName` does.
 */
export function parseUpstreamNames(
  text: string,
  unqualified: readonly Namespace[],
): readonly [Reference, ...Reference[]] {
  if (isFull(text)) return [parseImageName(text)];
  const [first = parseReference(text, LOCAL), ...others] = parseIn(text, unqualified);
  return [first, ...others];
}

function isFull(text: string): boolean {
  const [first = ""] = text.split("/");
  return text.includes("/") && (first === LOCAL || looksLikeHost(first));
}

function parseIn(text: string, namespaces: readonly Namespace[]): readonly Reference[] {
  return namespaces.map((namespace) => parseReference(text, namespace));
}
