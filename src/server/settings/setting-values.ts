import { isIP } from "node:net";
import { tryParseSocketAddress } from "../../lib/net/socket-address.ts";
import { formatDuration, tryParseDuration } from "../../lib/text/duration.ts";

/**
 * Reads how long a cached tag is current before upstream is asked again: `never` (upstream is not asked again),
 * `always` (it is asked at every pull), or a duration. In milliseconds, `Infinity` for never; null when it is none of
 * these.
 */
export function tryParseTagLifetime(text: string): number | null {
  if (text === "never") return Number.POSITIVE_INFINITY;
  return text === "always" ? 0 : tryParseDuration(text);
}

/** Reads a registry's URL without user, query and fragment; null when it is none. */
export function tryParseUrl(text: string): string | null {
  const url = URL.parse(text);
  const isWeb = url?.protocol === "http:" || url?.protocol === "https:";
  if (url === null || !isWeb || url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "")
    return null;
  return text;
}

const DNS_PORT = 53;

/**
 * Reads a DNS server's address: `9.9.9.9`, `9.9.9.9:5353`, `2620:fe::9` or `[2620:fe::9]:5353`; null when it is none.
 */
export function tryParseResolver(text: string): string | null {
  return tryParseSocketAddress(text, DNS_PORT) === null ? null : text;
}

/**
 * Reads an IP address that nodes can be told: without a zone (`%eth0`), which means nothing on another machine. Null
 * when it is none.
 */
export function tryParseIpAddress(text: string): string | null {
  return isIP(text) !== 0 && !text.includes("%") ? text.toLowerCase() : null;
}

/** Formats a tag's lifetime, as `tryParseTagLifetime` reads it. */
export function formatTagLifetime(milliseconds: number): string {
  if (milliseconds === Number.POSITIVE_INFINITY) return "never";
  return milliseconds === 0 ? "always" : formatDuration(milliseconds);
}
