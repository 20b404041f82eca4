import type { AciPages } from "../http/aci/aci-pages.ts";
import type { AdminApi } from "../http/admin/admin-api.ts";
import type { ClientPages } from "../http/clients/client-pages.ts";
import type { DistributionApi } from "../http/distribution/distribution-api.ts";
import { errorResponse } from "../http/error-response.ts";
import { quoteBriefly } from "../oci/digest.ts";
import { RegistryError } from "../oci/registry-error.ts";
import type { Log } from "../telemetry/log.ts";
import { arrivalOf } from "./arrival-of.ts";
import type { RequestHandler } from "./web-listener.ts";

/** Bun's largest idle timeout, in seconds: a transfer may pause for as long. */
const SLOW_TRANSFER_SECONDS = 255;

/** Hands each request to the pages that it is for: the first that know its path answer. */
export function requestHandler(
  distribution: DistributionApi,
  admin: AdminApi,
  clientPages: ClientPages,
  aciPages: AciPages,
): RequestHandler {
  return (request, server) => {
    const { path, search } = splitUrl(request.url);
    const remote = () => server.requestIP(request)?.address ?? null;
    const arrival = () => arrivalOf(request, server);
    const connection = { arrival, allowSlowTransfer: () => server.timeout(request, SLOW_TRANSFER_SECONDS) };
    return (
      aciPages.answer(request, path, search, connection.allowSlowTransfer) ??
      distribution.answer(request, path, search, connection) ??
      admin.answer(request, path, arrival, connection.allowSlowTransfer) ??
      clientPages.answer(request, path, search, remote) ??
      errorResponse(
        new RegistryError("NAME_UNKNOWN", `there is nothing at ${quoteBriefly(path)}; images are under /v2/`),
      )
    );
  };
}

/** The path and query of a request's URL, without the cost of a URL object. After a malformed Host, Bun gives no more. */
function splitUrl(url: string): { path: string; search: string } {
  const slash = url.startsWith("/") ? 0 : url.indexOf("/", url.indexOf("//") + 2);
  const question = url.indexOf("?", slash);
  return question < 0
    ? { path: url.slice(slash), search: "" }
    : { path: url.slice(slash, question), search: url.slice(question + 1) };
}

/** Tells the log once of a request that was refused, or that larder failed at. */
export function faultReporter(log: Log): (error: unknown, request: Request) => void {
  return (error, request) => {
    const { path } = splitUrl(request.url);
    const refused = error instanceof RegistryError;
    const [level, what] = refused
      ? (["warning", "a request was refused"] as const)
      : (["error", "a request failed"] as const);
    log.write(level, what, { method: request.method, path, error: refused ? error.message : describe(error) });
  };
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
