import { type ErrorCode, RegistryError } from "../../oci/registry-error.ts";

/**
 * Why a request to another registry failed.
 *
 * - `unreachable`: no address for the name (`name`); nobody takes connections there (`refused`), or nothing answers at
 *   all (`silent`); a connection that broke before the response's header (`connection`); or no agreement on TLS, a
 *   certificate that is not accepted included (`tls`). `isElsewhere`: at a host that an answer led to.
 * - `timeout`: a deadline passed, before the response's header (`waiting: "header"`) or between two pieces of its
 *   body (`waiting: "body"`).
 * - `interrupted`: the body broke off. What came until then is good as far as it goes: ask again from there.
 * - `rate-limited`: 429. `retryAfterSeconds` is null when the registry did not say.
 * - `server-error`: any status from 500 up.
 * - `unauthorized`: 401 or 403, from the registry or its token service, after the credentials that there are were tried.
 * - `rejected`: the registry understood and said no with another 4xx; `codes` are those of its error body.
 * - `protocol`: the answer breaks the protocol (a wrong Content-Range, an endless manifest, a hostile Location).
 * - `refused`: larder itself refused to contact an address (see `AddressPolicy`).
 * - `loop`: the request came back to larder itself.
 * - `busy`: larder itself sent no request, since too many to that server are in flight.
 * - `credentials`: those that are configured could not be read (a file, a credential helper).
 */
export type UpstreamFailure =
  | {
      readonly kind: "unreachable";
      readonly reason: "name" | "refused" | "silent" | "connection" | "tls";
      readonly isElsewhere?: true;
    }
  | { readonly kind: "timeout"; readonly waiting: "header" | "body" }
  | { readonly kind: "interrupted" }
  | { readonly kind: "rate-limited"; readonly retryAfterSeconds: number | null }
  | { readonly kind: "server-error"; readonly status: number }
  | { readonly kind: "unauthorized"; readonly status: number }
  | { readonly kind: "rejected"; readonly status: number; readonly codes: readonly string[] }
  | { readonly kind: "protocol" }
  | { readonly kind: "refused" }
  | { readonly kind: "loop" }
  | { readonly kind: "busy" }
  | { readonly kind: "credentials" };

const CODE: Readonly<Record<UpstreamFailure["kind"], ErrorCode>> = {
  unreachable: "UPSTREAM_UNAVAILABLE",
  timeout: "UPSTREAM_UNAVAILABLE",
  interrupted: "UPSTREAM_UNAVAILABLE",
  "rate-limited": "TOOMANYREQUESTS",
  "server-error": "UPSTREAM_UNAVAILABLE",
  unauthorized: "DENIED",
  rejected: "UPSTREAM_UNAVAILABLE",
  protocol: "UPSTREAM_UNAVAILABLE",
  refused: "UPSTREAM_UNAVAILABLE",
  loop: "LOOP_DETECTED",
  busy: "UNAVAILABLE",
  credentials: "UPSTREAM_UNAVAILABLE",
};

/**
 * A request to another registry failed. Its `code` is what a client of larder is told when nothing better is known.
 *
 * An `AbortSignal` that fires is no such failure: the signal's own reason is thrown then.
 */
export class UpstreamError extends RegistryError {
  readonly failure: UpstreamFailure;

  constructor(failure: UpstreamFailure, message: string, options: { cause?: unknown } = {}) {
    super(CODE[failure.kind], message, options);
    this.failure = failure;
  }
}

/**
 * Does this failure say nothing about whether the content exists: is the registry down, overloaded or limiting us?
 * Then what was cached before is the better answer, and another mirror or a later attempt may work.
 */
export function isUpstreamDown(error: unknown): error is UpstreamError {
  if (!(error instanceof UpstreamError)) return false;
  switch (error.failure.kind) {
    case "unreachable":
    case "timeout":
    case "interrupted":
    case "rate-limited":
    case "server-error":
    case "busy":
      return true;
    case "unauthorized":
    case "rejected":
    case "protocol":
    case "refused":
    case "loop":
    case "credentials":
      return false;
    default:
      return error.failure satisfies never;
  }
}

/** Was the server, or the token service that it names, not to be reached at all? */
export function isOutOfReach(error: UpstreamError): boolean {
  if (error.failure.kind !== "unreachable") return false;
  const { reason, isElsewhere } = error.failure;
  return isElsewhere !== true && (reason === "silent" || reason === "refused" || reason === "name");
}

/** Does a failure show that the server is there? */
export function isAnswer(error: unknown): boolean {
  if (!(error instanceof UpstreamError)) return false;
  switch (error.failure.kind) {
    case "rate-limited":
    case "server-error":
    case "unauthorized":
    case "rejected":
    case "interrupted":
    case "protocol":
    case "loop":
      return true;
    case "unreachable":
    case "timeout":
    case "refused":
    case "busy":
    case "credentials":
      return false;
    default:
      return error.failure satisfies never;
  }
}
