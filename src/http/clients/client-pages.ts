import type { Gate } from "../../access/gate.ts";
import { ClientSettingsError } from "../../clients/client-settings-error.ts";
import { shellQuote } from "../../clients/quote.ts";
import { renderScript } from "../../clients/deliver/render-script.ts";
import { renderTar, renderText } from "../../clients/deliver/render-files.ts";
import { findClientTarget, unknownTarget } from "../../clients/targets/targets.ts";
import type { ProgramShelf } from "../../clients/programs/program-shelf.ts";
import type { Finding } from "../../doctor/finding.ts";
import { renderDoctorScript } from "../../doctor/render-doctor-script.ts";
import { quoteBriefly } from "../../oci/digest.ts";
import { ERROR_STATUS, RegistryError } from "../../oci/registry-error.ts";
import type { Namespace } from "../../oci/repository-name.ts";
import { headersOfFailure } from "../error-response.ts";
import type { Exchange } from "../exchange.ts";
import { MethodNotAllowed } from "../method-not-allowed.ts";
import type { Pages } from "../pages.ts";
import { clientIndex } from "./client-index.ts";
import { isProgramPage, programReply } from "./program-reply.ts";
import { clientSettingsOf, type ListeningSocket, type ServerView, viewOf } from "./client-request.ts";

const PATH = "/client";

/** What the pages of `/client/` are made from. */
export type ClientPagesOptions = {
  readonly standIns: readonly Namespace[];
  /** PEM of larder's own authority; null when it has none. */
  readonly authorityPem: string | null;
  /** Asked at each request: ports that the system chooses are known only later. */
  readonly sockets: () => readonly ListeningSocket[];
  /** The addresses that nodes are told; none: the one that they reach larder by. */
  readonly addresses: readonly string[];
  /** This machine's address for packets to that one. */
  readonly addressTowards: (remote: string) => Promise<string | null>;
  readonly gate: Gate;
  /** What this larder knows of itself, for a node that asks why it does not pull from here. */
  readonly findings: () => Promise<readonly Finding[]>;
  /** Larder itself, for nodes that have none. */
  readonly programs: ProgramShelf;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

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
    const { request, search } = exchange;
    if (request.method !== "GET" && request.method !== "HEAD") {
      throw new MethodNotAllowed(request.method, ["GET", "HEAD"]);
    }
    if (isProgramPage(page)) return programReply(exchange, page, this.#options.programs);
    // Nodes come here before they can log in, and before they trust the certificate.
    const maySeeState = this.#options.gate.allows(exchange, "pull", null);
    return this.#page(page, search, await this.#view(exchange, remote), await maySeeState);
  }

  async #page(page: string, search: string, view: ServerView, maySeeState: boolean): Promise<Response> {
    if (page === "") return text(clientIndex(view, await this.#options.programs.list()));
    if (page === "settings.json") return document(JSON.stringify(view.settings), "application/json");
    if (page === "ca.crt") {
      const { ca } = view.settings;
      return ca === null ? failure(page, 404, NO_AUTHORITY) : document(ca, "application/x-pem-file");
    }
    if (page === "doctor.sh") {
      const { origin, settings } = view;
      const findings = maySeeState ? await this.#options.findings() : [];
      return text(renderDoctorScript({ origin, standIns: settings.standIns, nowMs: this.#options.now(), findings }));
    }
    if (page.startsWith("/"))
      return failure(page, 200, `there is no script at ${quoteBriefly(page)}; ${view.origin}${PATH}/ lists them`);
    const match = /^(.*?)(\.sh|\.tar)?$/s.exec(page);
    const [name = "", form] = [match?.[1], match?.[2]];
    const target = findClientTarget(name);
    if (target === null)
      return failure(page, isScript(page) ? 200 : 404, unknownTarget(name, `${view.origin}${PATH}/`));
    const settings = clientSettingsOf(target, search, view);
    if (form === ".sh") return text(renderScript(target, settings));
    if (form === ".tar") return document(await renderTar(target, settings), "application/x-tar");
    return text(renderText(target, settings));
  }

  async #view(exchange: Exchange, remote: string | null): Promise<ServerView> {
    const { standIns, authorityPem, sockets, addresses, addressTowards } = this.#options;
    const isFixed = addresses.length > 0 || remote === null;
    return viewOf(schemeOf(exchange), exchange.host ?? "", {
      standIns,
      authorityPem,
      sockets: sockets(),
      addresses,
      addressTowardsClient: isFixed ? null : await addressTowards(remote),
    });
  }
}

/** What is behind `/client/`; the path of a script that is nowhere, for that is run, too; null for what is not ours. */
function pageOf({ path }: Exchange): string | null {
  if (path === PATH || path.startsWith(`${PATH}/`)) return path.slice(PATH.length + 1);
  return isScript(path) && !OTHERS.test(path) ? path : null;
}

/** Where others answer, or say that there is nothing. */
const OTHERS = /^\/(?:v2|api|aci)\//;

const RETRY_AFTER_SECONDS = "10";

const NO_AUTHORITY =
  "this larder has no certificate authority of its own: it serves plain HTTP alone, or a certificate of somebody else's authority, which nodes trust already or get from there";

/**
 * The scheme that the client used, which a proxy that ends TLS tells in this header. A client that lies in it gets a
 * script that does not work.
 */
export function schemeOf({ request, scheme }: Pick<Exchange, "request" | "scheme">): "http" | "https" {
  const forwarded = request.headers.get("x-forwarded-proto")?.split(",")[0]?.trim().toLowerCase();
  if (forwarded === "http" || forwarded === "https") return forwarded;
  return scheme;
}

function text(body: string): Response {
  return document(body, "text/plain; charset=utf-8");
}

function document(body: string | Uint8Array, type: string): Response {
  // Another client may have come by another address.
  const headers = { "Content-Type": type, "Cache-Control": "no-store" };
  return new Response(body, { headers });
}

function isScript(page: string): boolean {
  return page.endsWith(".sh");
}

/** Where a script is asked for, whatever comes is run: so the message is a script that says it and fails. */
function failure(page: string, status: number, message: string, headers: Record<string, string> = {}): Response {
  const line = `larder: ${message}`;
  const body = isScript(page) ? `printf '%s\\n' ${shellQuote(line)} >&2\nexit 1\n` : `${line}\n`;
  return new Response(body, {
    status,
    headers: { "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store", ...headers },
  });
}
