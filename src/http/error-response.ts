import { ERROR_STATUS, RegistryError } from "../oci/registry-error.ts";
import { MethodNotAllowed } from "./method-not-allowed.ts";
import { RangeNotSatisfiable } from "./range-not-satisfiable.ts";

/** How long a client that was turned away for load or limits is told to wait, in seconds. */
const RETRY_AFTER_SECONDS = "10";

/**
 * The one place where a failure becomes HTTP: the body of distribution-spec v1.1.1, "Error Codes". What is not a
 * `RegistryError` is a fault of larder's own; the client learns nothing of it but that.
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

/** What a failure's answer says in its headers, whatever its body looks like. */
export function headersOfFailure(error: unknown, status: number, retryAfter: string): Record<string, string> {
  return {
    ...(status === 429 || status === 503 ? { "Retry-After": retryAfter } : {}),
    ...(error instanceof MethodNotAllowed ? { Allow: error.allowed.join(", ") } : {}),
    ...(error instanceof RangeNotSatisfiable ? { "Content-Range": `bytes */${error.sizeBytes}` } : {}),
  };
}
