import { formatReference, parseReference, type Reference } from "../oci/reference.ts";

/** Parses an image's name in an archive or layout; null for a tag alone, or anything else. */
export function tryParseImageName(name: string): Reference | null {
  // A tag alone could be read as a name of Docker Hub's, which it is not.
  if (!/[/:@]/.test(name)) return null;
  try {
    return parseReference(name);
  } catch {
    // Annotations hold what people put there: it is no reference, and so the same as none.
    return null;
  }
}

/** Do two spellings name the same image, as `nginx:1` and `docker.io/library/nginx:1` do? */
export function isSameImage(a: string, b: string): boolean {
  if (a === b) return true;
  const [left, right] = [tryParseImageName(a), tryParseImageName(b.includes(":") ? b : `${b}:latest`)];
  return left !== null && right !== null && formatReference(left) === formatReference(right);
}

/** The tag at the end of a name, or the name itself when it is a tag alone; null without one. */
export function tagOf(name: string): string | null {
  return /[/:@]/.test(name) ? (tryParseImageName(name)?.tag ?? null) : name;
}
