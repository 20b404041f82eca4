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
 * Reads a name that a removal is asked for: without a registry it may mean an image that was pushed here, or one of
 * Docker Hub's. The images are in the order in which a pull finds them. Throws as `parseImageName` does.
 */
export function parseImageNames(text: string): readonly Reference[] {
  const named = parseImageName(text);
  const [first = ""] = text.split("/");
  const isFull = text.includes("/") && (first === LOCAL || looksLikeHost(first));
  return isFull ? [named] : [parseReference(text, LOCAL), named];
}
