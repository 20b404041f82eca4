/**
 * What every answer tells a browser, should one have asked: it is data, whatever it looks like. Manifests and blobs are
 * anybody's bytes with anybody's media type, and must never become a page of larder's, with what its reader may do.
 *
 * There is no CORS header: no page of another site may read what larder answers.
 *
 * Sources: Fetch standard, "X-Content-Type-Options" and "Cross-Origin-Resource-Policy"; Content Security Policy Level 3.
 */
export const BROWSER_HEADERS: Readonly<Record<string, string>> = {
  "X-Content-Type-Options": "nosniff",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
};

const ENTRIES = Object.entries(BROWSER_HEADERS);

/** Adds what an answer lacks of them. One that has its own policy keeps it. */
export function addBrowserHeaders({ headers }: Response): void {
  if (headers.has("content-security-policy")) return;
  for (const [name, value] of ENTRIES) headers.set(name, value);
}
