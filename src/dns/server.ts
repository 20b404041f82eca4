/** The DNS server, put together: sockets that follow this machine's interfaces, and what answers on them. */
import { networkInterfaces } from "node:os";
import { type AccessMode, AccessRule } from "./access.ts";
import { AmplificationBudget } from "./amplification-budget.ts";
import type { Zone } from "./answers.ts";
import { type DnsLog, ListeningAddresses } from "./listening-addresses.ts";
import type { DnsTally } from "./dns-tally.ts";
import { Forwarder } from "./forwarder.ts";
import { type ListenAddress, type LocalAddress, listLocalAddresses } from "./local-addresses.ts";
import { Responder } from "./responder.ts";
import { type Resolvers, readResolvers } from "./resolvers.ts";
import { formatSocketAddress, type SocketAddress } from "../lib/net/socket-address.ts";

/** What a DNS server needs. */
export type DnsServerOptions = {
  readonly listen: readonly ListenAddress[];
  /** Asked at every query. While nothing changes it returns the same object: preparing one takes time. */
  readonly zone: () => Zone;
  /** The servers for all other names; without any, those names are refused. Asked, and the file read, every few seconds. */
  readonly resolvers: () => Resolvers;
  readonly allow: AccessMode;
  readonly log: DnsLog;
  readonly tally: DnsTally;
  /** Milliseconds since 1970. */
  readonly clock: { now(): number };
};

/** A DNS server that runs. */
export type DnsServer = {
  /** Where it listens now, over UDP and TCP. With interfaces that come and go, the list does. */
  readonly addresses: readonly SocketAddress[];
  stop(): void;
};

const LOOK_MS = 3_000;

/**
 * Starts to answer. Throws an Error that names the address and says what to do when a named address cannot be listened
 * on, or none at all, or when a resolver is not an IP address.
 */
export async function startDnsServer(options: DnsServerOptions): Promise<DnsServer> {
  const { log } = options;
  const now = () => options.clock.now();
  let resolvers = await readResolvers(options.resolvers());
  let local = listLocalAddresses(networkInterfaces());
  let access = new AccessRule(options.allow, networksOf(local));

  // One that is this very server would ask itself, for ever.
  const servers = () => resolvers.filter((resolver) => !isOneOf(listening.addresses, resolver));
  const forwarder = new Forwarder({ servers, now, report: (message, fields) => log.warn(message, fields) });
  const responder = new Responder({
    zone: options.zone,
    forwarder,
    canForward: () => servers().length > 0,
    access: () => access,
    budget: new AmplificationBudget(now),
    tally: options.tally,
  });
  const listening = new ListeningAddresses(options.listen, responder, log);

  const look = async () => {
    const before = networksOf(local).join();
    local = listLocalAddresses(networkInterfaces());
    if (networksOf(local).join() !== before) access = new AccessRule(options.allow, networksOf(local));
    await listening.update(local);
    const found = await readResolvers(options.resolvers());
    if (namesOf(found).join() === namesOf(resolvers).join()) return;
    resolvers = found;
    forwarder.forget();
    log.info("DNS forwards to other servers", { servers: namesOf(servers()) });
  };

  try {
    await listening.open(local);
  } catch (error) {
    listening.stop();
    throw error;
  }
  log.info("DNS forwards", { servers: namesOf(servers()) });
  let isLooking = false;
  const timer = setInterval(() => {
    if (isLooking) return;
    isLooking = true;
    look()
      .catch((error: unknown) => log.warn("DNS cannot follow this machine's addresses", { error: String(error) }))
      .finally(() => {
        isLooking = false;
      });
  }, LOOK_MS);
  timer.unref();
  return {
    get addresses() {
      return listening.addresses;
    },
    stop() {
      clearInterval(timer);
      listening.stop();
    },
  };
}

function isOneOf(addresses: readonly SocketAddress[], { address, port }: SocketAddress): boolean {
  return addresses.some((own) => own.address === address && own.port === port);
}

function networksOf(local: readonly LocalAddress[]): readonly string[] {
  return local.map(({ cidr }) => cidr);
}

function namesOf(addresses: readonly SocketAddress[]): readonly string[] {
  return addresses.map(formatSocketAddress);
}
