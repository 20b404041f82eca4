/** Bounds on the talk with one registry. Times in milliseconds, sizes in bytes. */
export type UpstreamLimits = {
  /** Until a server has taken a connection, or a resolver has answered. */
  readonly connectTimeoutMs: number;
  /** Until the header of an answer is there, name look-up, connection and TLS included; anew for each redirect. */
  readonly headerTimeoutMs: number;
  /** The same for a token service: some take their time. */
  readonly tokenTimeoutMs: number;
  /** Between two pieces of a body, while its reader waits. */
  readonly idleTimeoutMs: number;
  /** Further attempts at the registry itself, of requests that may be repeated. Mirrors get one attempt each. */
  readonly retries: number;
  /** The pause before the first of them; doubled for each further one. */
  readonly retryPauseMs: number;
  /** The longest `Retry-After` that is waited for; a longer one fails at once. */
  readonly longestRetryAfterMs: number;
  /** For how long a server that failed is asked last. */
  readonly penaltyMs: number;
  readonly redirects: number;
  /** How long a manifest or a page of a list may take to come, unless it comes at 16 KiB a second. */
  readonly wholeTimeoutMs: number;
  /** The longest manifest that is taken. */
  readonly manifestBytes: number;
  /** The most entries of a list of tags, repositories or referrers, over all pages. */
  readonly listEntries: number;
  /** The bytes that a list of tags or repositories may have, over all pages. */
  readonly listBytes: number;
  /** How long it may take to come, over all pages. */
  readonly listTimeoutMs: number;
};

/** The limits where nothing else is said. */
export const DEFAULT_LIMITS: UpstreamLimits = {
  connectTimeoutMs: 3000,
  headerTimeoutMs: 15_000,
  tokenTimeoutMs: 35_000,
  idleTimeoutMs: 30_000,
  retries: 2,
  retryPauseMs: 250,
  longestRetryAfterMs: 2000,
  penaltyMs: 10_000,
  redirects: 5,
  wholeTimeoutMs: 15_000,
  // The specification's 4 MiB and some room: containerd takes 4,393,216 bytes.
  manifestBytes: 4 * 1024 * 1024 + 256 * 1024,
  listEntries: 100_000,
  // Some registries describe every manifest along with the tags.
  listBytes: 64 * 1024 * 1024,
  listTimeoutMs: 300_000,
};
