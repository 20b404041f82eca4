import * as v from "valibot";
import { type ErrorCode, ERROR_STATUS, RegistryError } from "../oci/registry-error.ts";
import type { Shape } from "./shape.ts";

/** The media type of a problem. */
export const PROBLEM_TYPE = "application/problem+json";

/**
 * The body of an answer that failed: RFC 9457, with the code of the distribution specification's errors and the
 * request's id.
 */
export const problem = v.object({
  type: v.pipe(v.string(), v.description("`about:blank`: `code` tells more than the status")),
  title: v.pipe(v.string(), v.description("the status in words")),
  status: v.pipe(v.number(), v.integer(), v.minValue(400), v.maxValue(599)),
  detail: v.pipe(v.string(), v.description("what was attempted, why it failed and what to do, for people")),
  code: v.pipe(
    v.string(),
    v.description("for programs: `MANIFEST_UNKNOWN`, `DENIED`, `BAD_REQUEST`, …; there may be new ones"),
  ),
  requestId: v.pipe(v.string(), v.description("under which larder's log speaks of the request")),
});
/** A problem, as the body of an answer that failed. */
export type Problem = Shape<typeof problem>;

/** The error that a body tells of, as a problem or in the form of larder 0.1; null when it tells of none. */
export function failureIn(body: unknown): RegistryError | null {
  const { code, detail, errors } = (body ?? {}) as { code?: unknown; detail?: unknown; errors?: unknown };
  if (typeof code === "string" && typeof detail === "string") return new RegistryError(knownCode(code), detail);
  if (!Array.isArray(errors)) return null;
  const { code: oldCode, message } = (errors[0] ?? {}) as { code?: unknown; message?: unknown };
  if (typeof oldCode !== "string" || typeof message !== "string") return null;
  return new RegistryError(knownCode(oldCode), message);
}

/** The code as larder knows it; `UNKNOWN` for one that only a newer larder has. */
export function knownCode(code: string): ErrorCode {
  return Object.hasOwn(ERROR_STATUS, code) ? (code as ErrorCode) : "UNKNOWN";
}
