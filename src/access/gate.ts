import type { IpNetwork } from "../lib/net/ip-network.ts";
import { isInside } from "../lib/net/ip-network.ts";
import { tryParseIpAddress } from "../lib/net/ip-address.ts";
import { RegistryError } from "../oci/registry-error.ts";
import type { Repository } from "../oci/repository.ts";
import type { AccessControl } from "./access-control.ts";
import type { Action } from "./action.ts";
import { findForeignPage } from "./foreign-page.ts";
import type { LarderHosts } from "./larder-hosts.ts";
import type { Arrival, Principal } from "./principal.ts";
import { forwardedScheme } from "./proxy-headers.ts";

/** What a gate needs to know. */
export type GateOptions = {
  readonly control: AccessControl;
  readonly hosts: LarderHosts;
  readonly trustedProxies: readonly IpNetwork[];
};

/** A request that wants something. */
export type Applicant = {
  readonly request: Request;
  arrival(): Arrival;
  /** Who asks. The same answer each time. */
  principal(): Promise<Principal>;
};

/** What every request passes first, before anything of it is looked at. */
export class Gate {
  readonly #options: GateOptions;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /**
   * Null when the request may do that, at once; else a promise that resolves when it may. It rejects, or this throws, with
   * DENIED, saying what to do.
   *
   * What everyone may is a comparison: most requests are pulls, and nobody is to wait for a question that nobody asks.
   */
  admit(applicant: Applicant, action: Action, repository: Repository | null): Promise<void> | null {
    const isForEveryone = this.#options.control.allowsEveryone(action, repository);
    if (action === "pull" && isForEveryone) return null;
    if (action !== "pull") this.refuseForeignPages(applicant);
    return isForEveryone ? null : this.#decide(applicant, action, repository);
  }

  /** Would `admit` let it pass? */
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
  refuseForeignPages(applicant: Pick<Applicant, "request" | "arrival">): void {
    const { headers } = applicant.request;
    const arrival = applicant.arrival();
    const page = findForeignPage(headers, this.#schemeOf(headers, arrival), this.#options.hosts);
    if (page === null) return;
    const from = tryParseIpAddress(arrival.remote?.address ?? "")?.toString() ?? "nowhere";
    throw new RegistryError("DENIED", `this request from ${from} is refused: ${page}`);
  }

  async #decide(applicant: Applicant, action: Action, repository: Repository | null): Promise<void> {
    // Asked at once, before anything is waited for: whoever sent the request may leave.
    const decision = await this.#options.control.decide(await applicant.principal(), action, repository);
    if (!decision.isAllowed) throw new RegistryError("DENIED", decision.why);
  }

  /** The scheme that the client used, which is not the listener's where a proxy ends TLS. */
  #schemeOf(headers: Headers, { remote, scheme }: Arrival): "http" | "https" {
    const address = tryParseIpAddress(remote?.address ?? "");
    const isProxy = address !== null && isInside(address, this.#options.trustedProxies);
    return (isProxy ? forwardedScheme(headers) : null) ?? scheme;
  }
}
