/** Texts of images are strangers': what they hold that is not to be seen is made visible here. */

/** Controls but tab and new line; what has no shape, such as marks that turn a line round; other ends of lines; halves of pairs. */
const HIDDEN = /(?![\t\n])\p{Cc}|[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** As much of a text as people read at once. */
export const SAFE_TEXT_LIMIT = 4096;

/**
 * A stranger's text as it may be shown: what cannot be seen is written out (`⟨U+202E⟩`), and what is longer than `limit`
 * characters is cut, with how much is missing. Tabs and new lines stay.
 */
export function safeText(text: string, limit = SAFE_TEXT_LIMIT): string {
  if (text.length <= limit) return text.replace(HIDDEN, nameOf);
  // No half of a pair at the end.
  const kept = text.slice(0, limit).replace(/[\ud800-\udbff]$/, "");
  return `${kept.replace(HIDDEN, nameOf)}… (${text.length - kept.length} more characters)`;
}

function nameOf(character: string): string {
  return `⟨U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}⟩`;
}

/** The address of a link that a stranger gave, if it may be followed from here: http and https, without credentials; else null. */
export function safeHref(text: string): string | null {
  if (text.length > 2048 || !URL.canParse(text)) return null;
  const url = new URL(text);
  const isWeb = url.protocol === "https:" || url.protocol === "http:";
  return isWeb && url.username === "" && url.password === "" ? url.href : null;
}
