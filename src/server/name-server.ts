import { canBeSpoofed } from "../clients/client-settings.ts";
import { hostNamesOf } from "../clients/upstream-names.ts";
import type { DnsTally } from "../dns/dns-tally.ts";
import { type DnsServer, startDnsServer } from "../dns/server.ts";
import type { Clock } from "../lib/async/clock.ts";
import type { Log } from "../telemetry/log.ts";
import { ListenError } from "./listen-error.ts";
import { hostWithoutPort } from "../lib/net/host-port.ts";
import type { ServerNames } from "./certificate-subjects.ts";
import { plainLog } from "./plain-log.ts";
import { findPortOwner } from "./port-owner.ts";
import type { CurrentSettings } from "./settings/current-settings.ts";
import { describeFailure } from "../lib/failures/describe-failure.ts";

const SYSTEM_RESOLVERS = { resolvConf: "/etc/resolv.conf" };

/**
 * Starts the DNS server, which answers for the hosts that larder stands in for and for its own names, and forwards
 * other questions. Null when no address to listen on is configured. Throws ListenError.
 */
export async function startNameServer(
  settings: CurrentSettings,
  own: () => ServerNames,
  tally: DnsTally,
  { log, clock }: { readonly log: Log; readonly clock: Clock },
): Promise<DnsServer | null> {
  const { dns, dnsOpen } = settings.now;
  if (dns.length === 0) return null;
  const zone = settings.derive(() => {
    const { standIns, names, addresses } = own();
    return { names: [...standIns.filter(canBeSpoofed).flatMap(hostNamesOf), ...names.map(hostWithoutPort)], addresses };
  });
  try {
    return await startDnsServer({
      listen: dns.map(({ host, port }) => ({ address: host === "localhost" ? "127.0.0.1" : host, port })),
      zone,
      resolvers: () => (settings.now.resolvers.length === 0 ? SYSTEM_RESOLVERS : settings.now.resolvers),
      allow: dnsOpen ? "all" : "local",
      log: plainLog(log),
      tally,
      // All that names are timed for is how long something lasts.
      clock: { now: clock.elapsed },
    });
  } catch (error) {
    const reason = describeFailure(error);
    throw new ListenError(`${reason}${await remedyFor(dns.map(({ port }) => port))}`, { cause: error });
  }
}

/** What to do about who has a port: 53 is taken on many machines, by programs that most people never started. Empty: nobody has it. */
export async function remedyFor(ports: readonly number[]): Promise<string> {
  for (const port of ports) {
    const owner = await findPortOwner(port);
    if (owner === null || owner.pid === process.pid) continue;
    const isResolved = owner.program.startsWith("systemd-resolve");
    const remedy = isResolved
      ? `DNSStubListener=no in /etc/systemd/resolved.conf takes it off that port, or give larder one address with --dns IP:${port}`
      : `stop it, or give larder another address with --dns IP:${port}`;
    return `. ${owner.program} (process ${owner.pid}) has port ${port}: ${remedy}`;
  }
  return "";
}
