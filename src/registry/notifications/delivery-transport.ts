import type { Clock } from "../../lib/async/clock.ts";
import { WaitingLine } from "../../lib/async/waiting-line.ts";
import type { ClientCertificate } from "../../upstream/transport/client-certificate.ts";
import { hostOf } from "../../upstream/transport/address-policy.ts";
import { systemResolver } from "../../upstream/transport/host-resolver.ts";
import { ProxyFinder } from "../../upstream/transport/proxy-finder.ts";
import type { ChooseProxy } from "../../upstream/transport/proxy-settings.ts";
import { ReachableAddresses } from "../../upstream/transport/reachable-addresses.ts";
import { Transport } from "../../upstream/transport/transport.ts";
import type { NotificationEndpoint } from "./endpoint.ts";

/** Requests to all endpoints at once: fewer than the runtime has to spare beside those to registries. */
const AT_ONCE = 12;

/** Gives each endpoint what it is sent by; `caPem` is trusted besides the public authorities, the certificate shown where one is asked for. */
export type DeliveryTransports = (
  endpoint: Pick<NotificationEndpoint, "url" | "timeoutMs">,
  caPem: string | null,
  clientCertificate?: ClientCertificate | null,
) => Transport;

/** What the transports of all endpoints share: the machine's own names, and a place in line. */
export function deliveryTransports(choose: ChooseProxy, clock: Clock): DeliveryTransports {
  const line = new WaitingLine({ atOnce: AT_ONCE, waiting: Number.MAX_SAFE_INTEGER });
  const resolver = systemResolver(clock.elapsed);
  return ({ url, timeoutMs }, caPem, clientCertificate = null) => {
    const addresses = new ReachableAddresses(timeoutMs, clock.elapsed);
    return new Transport({
      lanes: { enter: (_, signal) => enter(line, signal) },
      resolver,
      addresses,
      // Whoever writes the settings may name any address.
      policy: { check: () => {} },
      proxies: new ProxyFinder({ choose, resolver, addresses }),
      trust: { host: hostOf(new URL(url)), caPem, isUnverified: false, clientCertificate },
      connectTimeoutMs: timeoutMs,
      headerTimeoutMs: timeoutMs,
      idleTimeoutMs: timeoutMs,
      now: clock.now,
    });
  };
}

/** Waits for a turn; gives what ends it. */
function enter(line: WaitingLine, signal: AbortSignal | undefined): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const work = () => {
      const over = Promise.withResolvers<void>();
      resolve(() => over.resolve());
      return over.promise;
    };
    line.run(signal ?? new AbortController().signal, work).catch(reject);
  });
}
