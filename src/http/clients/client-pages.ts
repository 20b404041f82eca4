import { ClientSettingsError } from "../../clients/client-settings-error.ts";
import { ERROR_STATUS, RegistryError } from "../../oci/registry-error.ts";
import { headersOfFailure } from "../error-response.ts";
import type { Exchange } from "../exchange.ts";
import { MethodNotAllowed } from "../method-not-allowed.ts";
import type { Pages } from "../pages.ts";
import { failure, isScript } from "./client-failure.ts";
import { CLIENT_PATH, type ClientPagesOptions } from "./client-pages-options.ts";

/**
 * What nodes fetch to come here:
 *
 *     /client/                this list, for people
 *     /client/settings.json   what `larder client` asks
 *     /client/ca.crt          the authority to trust
 *     /client/doctor.sh       a script that tells why a node does not pull from here
 *     /client/larder-linux-…  larder itself, for a kind of machine; .sha256: its hash
 *     /client/TARGET          the files to read; .sh: a script that joins a node; .tar: the files to unpack
 *
 * Anybody may have them; what larder knows of its own state is for those who may pull.
 *
 * Everything is written for the address that the client used, so that what it gets works where it is.
 */
export class ClientPages implements Pages {
  readonly name = "client";
  readonly #options: ClientPagesOptions;

  constructor(options: ClientPagesOptions) {
    this.#options = options;
  }

  answer(exchange: Exchange): Promise<Response> | null {
    const page = pageOf(exchange);
    if (page === null) return null;
    exchange.record.route = "client";
    return this.#answer(exchange, page, exchange.remote());
  }

  /** With `curl -f … | sh` the shell would be given nothing in place of a 400 or 404, and be content with it. */
  explain(fault: unknown, exchange: Exchange): Response {
    const page = pageOf(exchange) ?? "";
    if (fault instanceof ClientSettingsError) return failure(page, isScript(page) ? 200 : 400, fault.message);
    if (fault instanceof RegistryError) {
      const status = ERROR_STATUS[fault.code];
      const headers = headersOfFailure(fault, status, RETRY_AFTER_SECONDS);
      const isRun = isScript(page) && exchange.request.method === "GET";
      return failure(page, isRun ? 200 : status, fault.message, headers);
    }
    return failure(page, 500, "larder failed to answer; its log says why, under this answer's X-Request-ID");
  }

  async #answer(exchange: Exchange, page: string, remote: string | null): Promise<Response> {
    const { request } = exchange;
    if (request.method !== "GET" && request.method !== "HEAD") {
      throw new MethodNotAllowed(request.method, ["GET", "HEAD"]);
    }
    const { answerClient } = await import("./client-answers.ts");
    return answerClient(exchange, page, remote, this.#options);
  }
}

/** What is behind `/client/`; the path of a script that is nowhere, for that is run, too; null for what is not ours. */
function pageOf({ path }: Exchange): string | null {
  if (path === CLIENT_PATH || path.startsWith(`${CLIENT_PATH}/`)) return path.slice(CLIENT_PATH.length + 1);
  return isScript(path) && !OTHERS.test(path) ? path : null;
}

/** Where others answer, or say that there is nothing. */
const OTHERS = /^\/(?:v2|api|aci)\//;

const RETRY_AFTER_SECONDS = "10";
