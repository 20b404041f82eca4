/**
 * An allowance of requests, as a registry told it.
 *
 * `windowSeconds` is the time that the allowance is for, null when the registry did not say; `seenAtMs` is when larder
 * read it, in milliseconds since 1970.
 */
export type RateLimit = {
  readonly limit: number;
  readonly remaining: number;
  readonly windowSeconds: number | null;
  readonly seenAtMs: number;
};

const FEW_LEFT = 5;
const SMALL_SHARE = 0.1;
/** How long a number without a window is believed. */
const UNSAID_WINDOW_SECONDS = 15 * 60;
const LONGEST_RETRY_AFTER_SECONDS = 24 * 60 * 60;

/**
 * The allowance that a response speaks of, null when it speaks of none.
 *
 * Docker Hub sends `ratelimit-limit: 100;w=21600` and `ratelimit-remaining: 76;w=21600`; the drafts of
 * draft-ietf-httpapi-ratelimit-headers the same pair (to -05), `RateLimit: limit=100, remaining=50` (-07), and
 * `RateLimit: "default";r=50;t=30` with `RateLimit-Policy: "default";q=100;w=60` (from -08).
 */
export function readRateLimit(headers: Headers, nowMs: number): RateLimit | null {
  const combined = headers.get("ratelimit") ?? "";
  const policy = headers.get("ratelimit-policy") ?? "";
  const limitText = headers.get("ratelimit-limit") ?? "";
  const limit = leadingNumber(limitText) ?? numberAfter(combined, "limit") ?? numberAfter(policy, "q");
  const remaining =
    leadingNumber(headers.get("ratelimit-remaining") ?? "") ??
    numberAfter(combined, "remaining") ??
    numberAfter(combined, "r");
  if (limit === null || remaining === null) return null;
  const windowSeconds =
    numberAfter(limitText, "w") ??
    numberAfter(headers.get("ratelimit-remaining") ?? "", "w") ??
    numberAfter(policy, "w");
  return { limit, remaining, windowSeconds, seenAtMs: nowMs };
}

/** Is so little left (a tenth, or five requests) that what can wait should wait? Not once the window has passed. */
export function isNearEnd(allowance: RateLimit, nowMs: number): boolean {
  const { limit, remaining, windowSeconds, seenAtMs } = allowance;
  const ageMs = nowMs - seenAtMs;
  // A clock that was set back since would keep the window open for as long again.
  if (ageMs < 0 || ageMs >= (windowSeconds ?? UNSAID_WINDOW_SECONDS) * 1000) return false;
  return remaining <= FEW_LEFT || remaining <= limit * SMALL_SHARE;
}

/**
 * The seconds of a `Retry-After` header (a number, or an HTTP date), at most a day; null when there is none that can
 * be read. Source: RFC 9110, section 10.2.3.
 */
export function readRetryAfterSeconds(headers: Headers, nowMs: number): number | null {
  const text = headers.get("retry-after")?.trim() ?? "";
  if (text === "") return null;
  const seconds = /^\d{1,9}$/.test(text) ? Number(text) : Math.ceil((Date.parse(text) - nowMs) / 1000);
  return Number.isNaN(seconds) ? null : Math.min(Math.max(seconds, 0), LONGEST_RETRY_AFTER_SECONDS);
}

function leadingNumber(text: string): number | null {
  const digits = /^\s*(\d{1,12})(?![\d.])/.exec(text)?.[1];
  return digits === undefined ? null : Number(digits);
}

function numberAfter(text: string, name: string): number | null {
  const digits = new RegExp(`(?:^|[;,\\s])${name}\\s*=\\s*(\\d{1,12})(?![\\d.])`, "i").exec(text)?.[1];
  return digits === undefined ? null : Number(digits);
}
