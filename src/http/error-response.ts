import { ERROR_STATUS, RegistryError } from "../oci/registry-error.ts";
import { MethodNotAllowed } from "./method-not-allowed.ts";
import { RangeNotSatisfiable } from "./range-not-satisfiable.ts";

/** How long a client that was turned away for load or limits is told to wait, in seconds. */
const RETRY_AFTER_SECONDS = "10";

/**
 * Turns a failure into an answer of the distribution API, with the body of distribution-spec v1.1.1, "Error Codes". A
 * failure that is no `RegistryError` is a fault of larder's own, of which the client learns no more than that.
 */
export function errorResponse(error: unknown, headers: Record<string, string> = {}): Response {
  const known = error instanceof RegistryError ? error : null;
  const code = known?.code ?? "UNKNOWN";
  const status = ERROR_STATUS[code];
  const message = known?.message ?? "larder failed to answer; its log says why, under this answer's X-Request-ID";
  const entry = known?.detail === undefined ? { code, message } : { code, message, detail: known.detail };
  const json = { "Content-Type": "application/json" };
  return new Response(JSON.stringify({ errors: [entry] }), {
    status,
    headers: { ...json, ...headersOfFailure(error, status, RETRY_AFTER_SECONDS), ...headers },
  });
}

/** The headers of a failure's answer, whatever form its body has. */
export function headersOfFailure(error: unknown, status: number, retryAfter: string): Record<string, string> {
  const told = error instanceof RegistryError ? error.retryAfterSeconds : null;
  return {
    ...(status === 429 || status === 503 ? { "Retry-After": told === null ? retryAfter : String(told) } : {}),
    ...(error instanceof MethodNotAllowed ? { Allow: error.allowed.join(", ") } : {}),
    ...(error instanceof RangeNotSatisfiable ? { "Content-Range": `bytes */${error.sizeBytes}` } : {}),
  };
}
