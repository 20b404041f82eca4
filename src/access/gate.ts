import type { IpNetwork } from "../lib/net/ip-network.ts";
import { isInside } from "../lib/net/ip-network.ts";
import { plainAddress, tryParseIpAddress } from "../lib/net/ip-address.ts";
import { RegistryError } from "../oci/registry-error.ts";
import type { Repository } from "../oci/repository.ts";
import type { AccessControl, PullView } from "./access-control.ts";
import type { Action } from "./action.ts";
import { findForeignPage, findUnsurePage } from "./foreign-page.ts";
import type { LarderHosts } from "./larder-hosts.ts";
import type { Arrival, Principal } from "./principal.ts";
import { clientAddress, forwardedScheme } from "./proxy-headers.ts";
import { covers } from "./token-scope.ts";
import { Unauthorized } from "./unauthorized.ts";

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
  /** Who asks, where that is known without a question to anybody; null: `principal` tells. */
  principalNow?(): Principal | null;
};

const TOKEN_SERVER = "larder's token server";

/** What every request passes first, before anything of it is looked at. */
export class Gate {
  readonly #options: GateOptions;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /**
   * Null when the request may do that, at once; else a promise that resolves when it may. It rejects, or this throws, with
   * Unauthorized for nobody in particular, where somebody may, and else with DENIED, saying what to do.
   *
   * What everyone may is a comparison: most requests are pulls, and nobody is to wait for a question that nobody asks.
   */
  admit(applicant: Applicant, action: Action, repository: Repository | null): Promise<void> | null {
    const isForEveryone = this.#options.control.allowsEveryone(action, repository);
    if (action === "pull" && isForEveryone) return null;
    if (action !== "pull") this.refuseForeignPages(applicant);
    if (!isForEveryone)
      return this.#maysNow(applicant, action, repository) ? null : this.#decide(applicant, action, repository);
    // Who changes something and says who it is, is known by it afterwards.
    return applicant.request.headers.has("authorization") ? known(applicant) : null;
  }

  /** Is it known at once that they may? Nodes send the same token thousands of times. */
  #maysNow(applicant: Applicant, action: Action, repository: Repository | null): boolean {
    const principal = applicant.principalNow?.() ?? null;
    if (principal === null) return false;
    if (principal.scope !== undefined && !covers(principal.scope, action, repository)) return false;
    const decision = this.#options.control.decide(principal, action, repository);
    return !(decision instanceof Promise) && decision.isAllowed;
  }

  /**
   * May whoever asks do that, besides what was asked for? What a token is limited to does not count: it names what was asked
   * for.
   */
  async allows(applicant: Applicant, action: Action, repository: Repository | null): Promise<boolean> {
    const { control } = this.#options;
    try {
      if (action !== "pull") this.refuseForeignPages(applicant);
      if (control.allowsEveryone(action, repository)) return true;
      return (await control.decide(await applicant.principal(), action, repository)).isAllowed;
    } catch (error) {
      if (error instanceof RegistryError) return false;
      throw error;
    }
  }

  /**
   * Null when everybody may come in, at once; else a promise that resolves for who shows credentials that are good, though it be
   * a token of nobody's, and rejects with Unauthorized for others. It is asked at `/v2/`: clients log in there.
   */
  admitKnown(applicant: Applicant): Promise<void> | null {
    return this.#options.control.knowsPeople ? this.#proveKnown(applicant) : null;
  }

  /** May everybody pull everything? Then nothing is to be left out, and nobody has to be asked who they are. */
  get everyonePullsAll(): boolean {
    return this.#options.control.everyonePullsAll;
  }

  /** May everybody pull from it? A comparison, as in `admit`. */
  everyonePulls(repository: Repository): boolean {
    return this.#options.control.allowsEveryone("pull", repository);
  }

  /**
   * What whoever asks may pull from, besides what was asked for; undefined: everything. Whoever has to say who they are for that
   * and cannot sees what everybody does.
   */
  viewOf(applicant: Applicant): PullView | undefined {
    const { control } = this.#options;
    if (control.everyonePullsAll) return undefined;
    let view: Promise<PullView | null> | null = null;
    return async (repository) => {
      if (control.allowsEveryone("pull", repository)) return true;
      view ??= this.#viewOf(applicant);
      return (await (await view)?.(repository)) !== false;
    };
  }

  /** Throws DENIED for a request that a browser sends for a page that is not larder's. For clients that are no browsers, returns. */
  refuseForeignPages(applicant: Pick<Applicant, "request" | "arrival">): void {
    const { headers } = applicant.request;
    const arrival = applicant.arrival();
    const page = findForeignPage(headers, this.#schemeOf(headers, arrival), this.#options.hosts);
    if (page !== null) throw refused(arrival, page);
  }

  /** Throws DENIED where a cookie says who asks, or one is asked for, and nothing says that it is for a page of larder's. */
  refuseUnsurePages(applicant: Pick<Applicant, "request" | "arrival">): void {
    const { request } = applicant;
    const how = applicant.arrival();
    const why = findUnsurePage(request, this.#schemeOf(request.headers, how), this.#options.hosts);
    if (why !== null) throw refused(how, why);
  }

  /** The scheme that the client used, and its address, by the word of trusted proxies where one is in between. */
  clientOf(applicant: Pick<Applicant, "request" | "arrival">): {
    readonly scheme: "http" | "https";
    readonly address: string | null;
  } {
    const { headers } = applicant.request;
    const how = applicant.arrival();
    const remote = how.remote?.address ?? null;
    const address = remote === null ? null : clientAddress(headers, remote, this.#options.trustedProxies);
    return { scheme: this.#schemeOf(headers, how), address: address === null ? null : plainAddress(address) };
  }

  async #decide(applicant: Applicant, action: Action, repository: Repository | null): Promise<void> {
    // Asked at once, before anything is waited for: whoever sent the request may leave.
    const principal = await applicant.principal();
    const decision = await this.#options.control.decide(principal, action, repository);
    const { scope } = principal;
    if (!decision.isAllowed) {
      // With a token of the token server they have been asked already: clients show people the words of a 403, not of a 401.
      if (decision.mayLogIn === true && scope === undefined) throw new Unauthorized(decision.why);
      throw new RegistryError("DENIED", decision.why);
    }
    if (scope === undefined || covers(scope, action, repository)) return;
    throw new Unauthorized(`the token is not for this; ask ${TOKEN_SERVER} for one that is`, "insufficient_scope");
  }

  async #viewOf(applicant: Applicant): Promise<PullView | null> {
    try {
      return this.#options.control.viewOf(await applicant.principal());
    } catch (error) {
      if (error instanceof RegistryError) return () => false;
      throw error;
    }
  }

  async #proveKnown(applicant: Applicant): Promise<void> {
    const { kind, scope, upstreamKey } = await applicant.principal();
    if (scope !== undefined || upstreamKey !== undefined || (kind !== "stranger" && kind !== "own-machine")) return;
    throw new Unauthorized(
      "log in, or ask larder's token server for a token of nobody's: clients do both by themselves",
    );
  }

  /** The scheme that the client used, which is not the listener's where a proxy ends TLS. */
  #schemeOf(headers: Headers, { remote, scheme }: Arrival): "http" | "https" {
    const address = tryParseIpAddress(remote?.address ?? "");
    const isProxy = address !== null && isInside(address, this.#options.trustedProxies);
    return (isProxy ? forwardedScheme(headers) : null) ?? scheme;
  }
}

function refused({ remote }: Arrival, why: string): RegistryError {
  const from = tryParseIpAddress(remote?.address ?? "")?.toString() ?? "nowhere";
  return new RegistryError("DENIED", `this request from ${from} is refused: ${why}`);
}

async function known(applicant: Applicant): Promise<void> {
  await applicant.principal();
}
