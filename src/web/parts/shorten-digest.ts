/** How many of a digest's digits are enough to know it by. */
const DIGITS = 12;

/** `sha256:4bf3a2c19d07…`; what is no longer than that stays whole. */
export function shortenDigest(digest: string): string {
  const colon = digest.indexOf(":") + 1;
  return digest.length > colon + DIGITS ? `${digest.slice(0, colon + DIGITS)}…` : digest;
}

/** The same of every digest within a text, such as `docker.io/library/nginx@sha256:4bf3a2c19d07…`. */
export function shortenDigests(text: string): string {
  return text.replace(/\bsha(?:256|512):[0-9a-f]{13,}/g, shortenDigest);
}
