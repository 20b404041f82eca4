import type { IpNetwork } from "../lib/net/ip-network.ts";
import { isInside } from "../lib/net/ip-network.ts";
import { tryParseIpAddress } from "../lib/net/ip-address.ts";
import { quoteBriefly } from "../oci/digest.ts";
import { RegistryError } from "../oci/registry-error.ts";
import type { RepositoryName } from "../oci/repository-name.ts";
import type { AccessControl, Action } from "./access-control.ts";
import { findForeignPage } from "./foreign-page.ts";
import type { LarderHosts } from "./larder-hosts.ts";
import type { Arrival, Authenticator } from "./principal.ts";
import { forwardedScheme } from "./proxy-headers.ts";

export type GateOptions = {
  readonly authenticator: Authenticator;
  readonly control: AccessControl;
  readonly hosts: LarderHosts;
  readonly trustedProxies: readonly IpNetwork[];
};

/** What every request that changes something passes first, before anything of it is looked at. */
export class Gate {
  readonly #options: GateOptions;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /** Returns when the request may do that. Throws DENIED, saying what to do, or BAD_REQUEST. */
  async admit(request: Request, arrival: Arrival, action: Action, repository: RepositoryName | null): Promise<void> {
    const host = request.headers.get("host");
    // The runtime joins repeated headers. Who reads one and who reads the other would not agree on what was asked.
    if (host?.includes(",") === true) {
      throw new RegistryError("BAD_REQUEST", `the request names more than one host: ${quoteBriefly(host)}`);
    }
    this.refuseForeignPages(request, arrival);
    const { authenticator, control } = this.#options;
    const decision = await control.decide(await authenticator.authenticate(request, arrival), action, repository);
    if (!decision.isAllowed) throw new RegistryError("DENIED", decision.why);
  }

  /** Would `admit` return? */
  async allows(...asked: Parameters<Gate["admit"]>): Promise<boolean> {
    try {
      await this.admit(...asked);
      return true;
    } catch (error) {
      if (error instanceof RegistryError) return false;
      throw error;
    }
  }

  /** Throws DENIED for a request that a browser sends for a page that is not larder's. For clients that are no browsers, returns. */
  refuseForeignPages({ headers }: Request, arrival: Arrival): void {
    const page = findForeignPage(headers, this.#schemeOf(headers, arrival), this.#options.hosts);
    if (page === null) return;
    const from = tryParseIpAddress(arrival.remote?.address ?? "")?.toString() ?? "nowhere";
    throw new RegistryError("DENIED", `this request from ${from} is refused: ${page}`);
  }

  /** The scheme that the client used, which is not the listener's where a proxy ends TLS. */
  #schemeOf(headers: Headers, { remote, scheme }: Arrival): "http" | "https" {
    const address = tryParseIpAddress(remote?.address ?? "");
    const isProxy = address !== null && isInside(address, this.#options.trustedProxies);
    return (isProxy ? forwardedScheme(headers) : null) ?? scheme;
  }
}
