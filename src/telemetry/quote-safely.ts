/** What a terminal, a viewer or another program may take for a command: controls, line separators, changes of direction. */
const TRICKS = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;
/** All of it is plain, and needs no escape in JSON. */
const PLAIN = /^[ !#-[\]-~]*$/;

/**
 * Quotes a text as a JSON string of at most `limit` characters and its quotes: whatever clients and upstreams put into
 * it, it cannot end the line or begin a field.
 */
export function quoteSafely(text: string, limit: number): string {
  const shown = cut(text, limit);
  return PLAIN.test(shown) ? `"${shown}"` : JSON.stringify(shown).replace(TRICKS, escape);
}

/** Does the same for people: without quotes around the text, and with those inside as they are. */
export function showSafely(text: string, limit: number): string {
  return cut(text, limit).replace(TRICKS, escape);
}

function cut(text: string, limit: number): string {
  return text.length > limit ? `${text.slice(0, limit)}…` : text;
}

function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
