/**
 * The error codes of the distribution specification, each with the HTTP status that it is answered with.
 *
 * Source: distribution-spec v1.1.1, "Error Codes"; the statuses are those that its conformance suite asserts.
 * The last rows are larder's own: the specification lets registries add codes.
 */
export const ERROR_STATUS = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 400,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  SIZE_INVALID: 400,
  TAG_INVALID: 400,
  UNAUTHORIZED: 401,
  DENIED: 403,
  UNSUPPORTED: 405,
  MANIFEST_REFERENCED: 409,
  TOOMANYREQUESTS: 429,
  RANGE_INVALID: 416,
  BAD_REQUEST: 400,
  PAYLOAD_TOO_LARGE: 413,
  STORAGE_FULL: 507,
  /** A rule of larder's settings stands against it: another way to the same end is no way. In the admin API alone; `/v2/` says DENIED. */
  RULE_FORBIDS: 403,
  UPSTREAM_UNAVAILABLE: 502,
  LOOP_DETECTED: 508,
  UNAVAILABLE: 503,
  UNKNOWN: 500,
} as const;

/** A code that a client may see in the `code` field of an error. */
export type ErrorCode = keyof typeof ERROR_STATUS;

/**
 * A failure that a client is told about.
 *
 * `message` is for people: it names what was attempted, quotes the value and says what to do.
 * `detail` is for programs and goes out as the error's `detail` field.
 */
export class RegistryError extends Error {
  override readonly name = "RegistryError";
  readonly code: ErrorCode;
  readonly detail: unknown;
  /** When to try again, in seconds from now; null: nothing is known of that. */
  readonly retryAfterSeconds: number | null;

  constructor(
    code: ErrorCode,
    message: string,
    options: { detail?: unknown; cause?: unknown; retryAfterSeconds?: number } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.detail = options.detail;
    this.retryAfterSeconds = options.retryAfterSeconds ?? null;
  }
}
