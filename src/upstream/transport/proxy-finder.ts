import { hostOf, portOf } from "./address-policy.ts";
import { orAborted } from "../../lib/async/or-aborted.ts";
import type { HostResolver } from "./host-resolver.ts";
import type { ChooseProxy } from "./proxy-settings.ts";
import type { ReachableAddresses } from "./reachable-addresses.ts";
import { formatHostPort } from "../../lib/net/host-port.ts";

/** What finding a proxy needs. */
export type ProxyFinderOptions = {
  readonly choose: ChooseProxy;
  /** Proxies have names of the machine's own network. */
  readonly resolver: HostResolver;
  readonly addresses: ReachableAddresses;
};

/**
 * Which proxy to go through, by its address: the runtime would look its name up in a way that keeps a thread, which all
 * work with files shares, for as long as name servers are silent.
 */
export class ProxyFinder {
  readonly #options: ProxyFinderOptions;

  constructor(options: ProxyFinderOptions) {
    this.#options = options;
  }

  /** Null: straight there. Throws an `unreachable` failure when the proxy is not to be found. */
  async find(url: URL, signal: AbortSignal): Promise<string | null> {
    const { choose, resolver, addresses } = this.#options;
    const chosen = choose(url);
    if (chosen === null) return null;
    const proxy = new URL(chosen);
    const host = hostOf(proxy);
    const resolved = await orAborted(resolver.resolve(host, signal), signal);
    // With TLS the name has to stay; that it is known is known now.
    if (proxy.protocol !== "http:") return chosen;
    const [address = host] = await addresses.order(host, portOf(proxy), resolved, signal);
    proxy.hostname = formatHostPort(address, null);
    return proxy.href;
  }
}
