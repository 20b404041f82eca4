import { parseReference, type Reference } from "../../oci/reference.ts";
import { LOCAL, looksLikeHost } from "../../oci/repository-name.ts";

/**
 * Reads an image as people name it to larder: a reference by Docker's rules, or a full name as larder prints it, in which
 * `local/` stands for what was pushed under larder's own address. Throws NAME_INVALID, TAG_INVALID or DIGEST_INVALID.
 */
export function parseImageName(text: string): Reference {
  return text.startsWith(`${LOCAL}/`) ? parseReference(text.slice(LOCAL.length + 1), LOCAL) : parseReference(text);
}

/**
 * Reads the name of an image that is looked for: without a registry it may mean one that was pushed here, or what a pull by
 * larder's own address finds along its search order (`local/` stands for both), or one of Docker Hub's. The images are in
 * the order in which a pull finds them; the last one has the name that messages use. Throws as `parseImageName` does.
 */
export function parseImageNames(text: string): readonly Reference[] {
  const named = parseImageName(text);
  const [first = ""] = text.split("/");
  const isFull = text.includes("/") && (first === LOCAL || looksLikeHost(first));
  return isFull ? [named] : [parseReference(text, LOCAL), named];
}
