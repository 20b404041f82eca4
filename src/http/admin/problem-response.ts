import { PROBLEM_TYPE, type Problem } from "../../admin/problem.ts";
import { ERROR_STATUS, RegistryError } from "../../oci/registry-error.ts";
import { headersOfFailure } from "../error-response.ts";

const RETRY_AFTER_SECONDS = "10";

/** The statuses' names: RFC 9110, section 15; RFC 6585; RFC 4918; RFC 5842. */
const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  413: "Content Too Large",
  416: "Range Not Satisfiable",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  507: "Insufficient Storage",
  508: "Loop Detected",
};

/** The error for a path of larder 0.1's admin API. */
export class RetiredPath extends RegistryError {
  constructor(method: string, path: string, version: string) {
    super(
      "NAME_UNKNOWN",
      `this larder (${version}) is newer than the command that asks it (${method} ${path}, of version 0.1): use a larder command of its version`,
    );
  }
}

/** Turns a failure into an answer of the admin API: a problem of RFC 9457. */
export function problemResponse(fault: unknown, requestId: string): Response {
  const known = fault instanceof RegistryError ? fault : null;
  const code = known?.code ?? "UNKNOWN";
  const status = ERROR_STATUS[code];
  const detail = known?.message ?? "larder failed to answer; its log says why, under this answer's X-Request-ID";
  const problem: Problem = { type: "about:blank", title: TITLES[status] ?? "", status, detail, code, requestId };
  // The command line of 0.1 reads this one.
  const old = fault instanceof RetiredPath ? { errors: [{ code, message: detail }] } : {};
  return new Response(JSON.stringify({ ...problem, ...old }), {
    status,
    headers: { "Content-Type": PROBLEM_TYPE, ...headersOfFailure(fault, status, RETRY_AFTER_SECONDS) },
  });
}
