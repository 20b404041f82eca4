import * as v from "valibot";
import { readRetryAfterSeconds } from "./rate-limit.ts";
import { readWhole } from "./response-body.ts";
import { describeRequest, type HttpResponse } from "./transport.ts";
import { UpstreamError, type UpstreamFailure } from "./upstream-error.ts";

const ERROR_BODY_BYTES = 16 * 1024;
const LONGEST_REASON = 300;

const errorBody = v.object({
  errors: v.array(v.object({ code: v.optional(v.string(), "UNKNOWN"), message: v.optional(v.string(), "") })),
});

/**
 * The error that a response with a status from 400 up stands for, with what the registry says of it. Reads the body.
 * `what` says what was asked of whom. Source: distribution-spec v1.1.1, "Error Codes".
 */
export async function statusFailure(response: HttpResponse, what: string, nowMs: number): Promise<UpstreamError> {
  const { status, headers } = response;
  const errors = await readErrors(response);
  const reason = errors.map(({ code, message }) => `${code} ${message}`.trim()).join("; ");
  const said = reason === "" ? "" : `: ${JSON.stringify(reason.slice(0, LONGEST_REASON))}`;
  const codes = errors.map(({ code }) => code.slice(0, 64));
  return new UpstreamError(failureOf(status, codes, headers, nowMs), `${what} answered ${status}${said}`);
}

/** Throws a `protocol` failure, and lets go of the body, when the status is none of these. */
export function insistOnStatus(response: HttpResponse, method: string, statuses: readonly number[]): void {
  if (statuses.includes(response.status)) return;
  // What cancelling says of a connection that is given up adds nothing.
  response.body?.cancel().catch(() => {});
  throw new UpstreamError(
    { kind: "protocol" },
    `${describeRequest(method, response.url)} answered ${response.status}, which means nothing there`,
  );
}

function failureOf(status: number, codes: readonly string[], headers: Headers, nowMs: number): UpstreamFailure {
  if (status === 429) return { kind: "rate-limited", retryAfterSeconds: readRetryAfterSeconds(headers, nowMs) };
  if (status === 401 || status === 403) return { kind: "unauthorized", status };
  if (status === 508) return { kind: "loop" };
  if (status >= 500) return { kind: "server-error", status };
  return { kind: "rejected", status, codes };
}

async function readErrors(response: HttpResponse): Promise<readonly { code: string; message: string }[]> {
  try {
    const bytes = await readWhole(response.body, ERROR_BODY_BYTES, "the error");
    return v.parse(errorBody, JSON.parse(new TextDecoder().decode(bytes))).errors.slice(0, 10);
  } catch {
    // The status says what matters; a body that is long, broken or of another shape adds nothing to it.
    return [];
  }
}
