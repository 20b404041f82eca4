import { parseReference, type Reference } from "../oci/reference.ts";
import { LOCAL } from "../oci/repository-name.ts";

/**
 * Reads an image as people name it to larder: a reference by Docker's rules, or a full name as larder prints it, in which
 * `local/` stands for what was pushed under larder's own address. Throws NAME_INVALID, TAG_INVALID or DIGEST_INVALID.
 */
export function parseImageName(text: string): Reference {
  return text.startsWith(`${LOCAL}/`) ? parseReference(text.slice(LOCAL.length + 1), LOCAL) : parseReference(text);
}
