import { readErrorReason } from "./error-reason.ts";
import { readRetryAfterSeconds } from "./rate-limit.ts";
import { describeRequest, type HttpResponse } from "./transport.ts";
import { UpstreamError, type UpstreamFailure } from "./upstream-error.ts";

/**
 * The error that a response with a status from 400 up stands for, with what the registry says of it. Reads the body.
 * `what` says what was asked of whom.
 */
export async function statusFailure(response: HttpResponse, what: string, nowMs: number): Promise<UpstreamError> {
  const { status, headers } = response;
  const { codes, text } = await readErrorReason(response);
  const said = text === "" ? "" : `: ${JSON.stringify(text)}`;
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
