import type { Clock } from "../lib/async/clock.ts";
import { AddressPolicy, hostOf } from "./transport/address-policy.ts";
import { type HostResolver, systemResolver } from "./transport/host-resolver.ts";
import { ProxyFinder } from "./transport/proxy-finder.ts";
import type { ChooseProxy } from "./transport/proxy-settings.ts";
import { ReachableAddresses } from "./transport/reachable-addresses.ts";
import { RequestBudget } from "./transport/request-lanes.ts";
import { readWhole } from "./transport/response-body.ts";
import { describeRequest, Transport } from "./transport/transport.ts";
import { UpstreamError } from "./transport/upstream-error.ts";
import { DEFAULT_LIMITS } from "./upstream-limits.ts";

/** How small public documents are fetched that are none of a registry's. */
export type DocumentReaderOptions = {
  /** Where they are. They may name further URLs, which must not lead where only this machine or this link gets to. */
  readonly root: URL;
  /** Authorities that are trusted besides the public ones, in PEM; null: those alone. */
  readonly caPem: string | null;
  readonly resolver: HostResolver;
  readonly chooseProxy: ChooseProxy;
  readonly userAgent: string;
  readonly clock: Clock;
  readonly limits?: Partial<Pick<typeof DEFAULT_LIMITS, "headerTimeoutMs" | "wholeTimeoutMs">>;
};

/** So few requests for such documents are on their way at once that they need no part in the budget of the registries. */
const IN_FLIGHT = 6;

/**
 * Makes a function that fetches a document whole, of `limitBytes` at most. It follows no redirect: whoever redirects is asked for
 * nothing but this document, and can have it where it is. The function throws `UpstreamError`s.
 */
export function openDocumentReader(
  options: DocumentReaderOptions,
): (url: URL, limitBytes: number) => Promise<Uint8Array> {
  const { root, caPem, resolver, chooseProxy, userAgent, clock } = options;
  const { connectTimeoutMs, idleTimeoutMs, headerTimeoutMs, wholeTimeoutMs } = { ...DEFAULT_LIMITS, ...options.limits };
  const addresses = new ReachableAddresses(connectTimeoutMs, clock.elapsed);
  const transport = new Transport({
    lanes: new RequestBudget(IN_FLIGHT).lanesOf(root.host),
    resolver,
    addresses,
    policy: new AddressPolicy([root]),
    proxies: new ProxyFinder({ choose: chooseProxy, resolver: systemResolver(clock.elapsed), addresses }),
    trust: { host: hostOf(root), caPem, clientCertificate: null, isUnverified: false },
    connectTimeoutMs,
    headerTimeoutMs,
    idleTimeoutMs,
    now: clock.now,
  });
  const headers = { accept: "application/json", "user-agent": userAgent };
  return async (url, limitBytes) => {
    const response = await transport.exchange({ method: "GET", url, headers });
    const what = describeRequest("GET", url);
    if (response.status === 200) return readWhole(response.body, limitBytes, what, wholeTimeoutMs);
    // What cancelling says of a connection that is given up adds nothing.
    response.body?.cancel().catch(() => {});
    const isElsewhere = response.status >= 300 && response.status < 400;
    throw new UpstreamError(
      { kind: "protocol" },
      `${what} answered ${response.status}${isElsewhere ? ": it leads elsewhere, where larder does not follow" : ""}`,
    );
  };
}
