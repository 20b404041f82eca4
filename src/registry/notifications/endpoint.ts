/**
 * Whom larder tells what happens, as the settings have it. The names of what can be said of an endpoint are those of
 * registry:2's `notifications.endpoints`, with larder's own besides.
 */

/**
 * What can be told: `push`, `pull`, `mount` and `delete` are the actions of registry:2 (`delete` is also what rules of
 * retention take); `cache` is an image that came from upstream, `evict` one that made way for others, `verify-failed` a blob
 * whose bytes are wrong, `upstream-down` and `upstream-up` a registry that larder fetches from.
 */
export const NOTICE_KINDS = [
  "push",
  "pull",
  "mount",
  "delete",
  "cache",
  "evict",
  "verify-failed",
  "upstream-down",
  "upstream-up",
] as const;

/** One of `NOTICE_KINDS`. */
export type NoticeKind = (typeof NOTICE_KINDS)[number];

/** Those that registry:2 has a word for. */
export const REGISTRY_ACTIONS = ["push", "pull", "mount", "delete"] as const satisfies readonly NoticeKind[];

/**
 * What a request's body looks like: the envelope of registry:2 and :3, which differ in their media type alone, or CloudEvents
 * 1.0 in structured JSON.
 */
export const FORMATS = ["registry2", "registry3", "cloudevents"] as const;

/** Where a signature stands unless another header is said: `sha256=HEX`, HMAC-SHA256 over the body's bytes. */
export const SIGNATURE_HEADER = "X-Larder-Signature-256";

/** Somebody who is told. Durations are in milliseconds. */
export type NotificationEndpoint = {
  /** Its own; in the log, in metrics, and of its queue. */
  readonly name: string;
  /** With user and password or a token in the query, maybe: for `showUrl` before anybody sees it. */
  readonly url: string;
  /** Sent with each request. Their values may be secrets. */
  readonly headers: Readonly<Record<string, string>>;
  readonly format: (typeof FORMATS)[number];
  readonly timeoutMs: number;
  /** After so many failures in a row the pauses between attempts begin to grow from `backoffMs` on. */
  readonly threshold: number;
  readonly backoffMs: number;
  /** Is it left alone for now? Nothing is queued for it; what waits stays. */
  readonly isDisabled: boolean;
  /** A PEM file with authorities to trust besides the public ones. */
  readonly caFile: string | null;
  /** A file with the secret that bodies are signed with; null: they are not. */
  readonly secretFile: string | null;
  /** The header that the signature stands in. */
  readonly signatureHeader: string;
  readonly kinds: readonly NoticeKind[];
  /** Is it told of single blobs, too? */
  readonly wantsBlobs: boolean;
  /** Patterns of images; none: all. What is about no image is told all the same. */
  readonly images: readonly string[];
  readonly ignoredMediaTypes: readonly string[];
};

/** The settings of notifications. */
export type NotificationSettings = {
  readonly endpoints: readonly NotificationEndpoint[];
  /** Does a notification of a manifest list what that names? */
  readonly includeReferences: boolean;
};

/** An endpoint's URL as people may see it: who larder is there, and the query, may be secrets. */
export function showUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null) return "…";
  const user = url.username === "" && url.password === "" ? "" : "…@";
  return `${url.protocol}//${user}${url.host}${url.pathname}${url.search === "" ? "" : "?…"}`;
}
