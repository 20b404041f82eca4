import { Resolver } from "node:dns/promises";
import { isIP } from "node:net";
import { type Answer, QUERY_OPTIONS, queryAddresses } from "./dns-query.ts";
import { SystemNames } from "./system-names.ts";
import { UpstreamError } from "./upstream-error.ts";
import { codeOf } from "../../lib/files/system-error.ts";
import { orAborted } from "../../lib/async/or-aborted.ts";
import { SingleFlight } from "../../lib/async/single-flight.ts";
import { within } from "../../lib/async/within.ts";
import { formatSocketAddress, tryParseSocketAddress } from "../../lib/net/socket-address.ts";
import { describeFailure } from "../../lib/failures/describe-failure.ts";

/** Turns host names into addresses. */
export interface HostResolver {
  /**
   * The addresses of `host` (a name, or an address that is its own answer), in the order to try them; at least one.
   * Throws an `UpstreamError` (`unreachable`, by `name`) when there are none, and (`silent`) when nobody says for 3 s.
   */
  resolve(host: string, signal?: AbortSignal): Promise<readonly string[]>;
}

type Lookup = (host: string) => Promise<Answer>;

const DNS_PORT = 53;
const ADDRESS_LIMIT = 8;
const CACHED_NAMES = 1000;
const SHORTEST_TTL_SECONDS = 5;
const LONGEST_TTL_SECONDS = 60;
/** How long an answer is waited for, of whichever resolver. */
const PATIENCE_MS = 3000;

/** Asks as the machine does: its hosts file, its DNS settings. `elapsed` gives milliseconds, by a clock that nobody sets. */
export function systemResolver(elapsed: () => number): HostResolver {
  const names = new SystemNames();
  return new CachingResolver("this machine's resolver", elapsed, (host) => names.lookUp(host));
}

/**
 * Asks these DNS servers and nothing else: neither the hosts file, which may send the names that larder stands in for
 * to larder itself, nor the machine's search domains. A server is `9.9.9.9`, `9.9.9.9:5353`, `2620:fe::9` or
 * `[2620:fe::9]:5353`. Throws a TypeError that quotes the one that is not. `elapsed` as above.
 */
export function dnsResolver(servers: readonly string[], elapsed: () => number): HostResolver {
  const resolver = new Resolver(QUERY_OPTIONS);
  resolver.setServers(servers.map(checkedServer));
  return new CachingResolver(`the resolver ${servers.join(", ")}`, elapsed, (host) => queryAddresses(resolver, host));
}

function checkedServer(server: string): string {
  const address = tryParseSocketAddress(server, DNS_PORT);
  if (address !== null) return formatSocketAddress(address);
  throw new TypeError(`the resolver ${JSON.stringify(server)} is not an IP address, or one with a port`);
}

/** Keeps answers for as long as they hold, and lets concurrent questions for one name share an answer. */
class CachingResolver implements HostResolver {
  readonly #who: string;
  readonly #elapsed: () => number;
  readonly #lookup: Lookup;
  readonly #known = new Map<string, { readonly addresses: readonly string[]; readonly untilMs: number }>();
  readonly #lookups = new SingleFlight<string, readonly string[]>();
  /** When what is being looked up was first asked for, by host. */
  readonly #askedAtMs = new Map<string, number>();

  constructor(who: string, elapsed: () => number, lookup: Lookup) {
    this.#who = who;
    this.#elapsed = elapsed;
    this.#lookup = lookup;
  }

  async resolve(host: string, signal?: AbortSignal): Promise<readonly string[]> {
    signal?.throwIfAborted();
    if (isIP(host) !== 0) return [host];
    // RFC 6761, section 6.3: these names never leave the machine.
    if (host === "localhost" || host.endsWith(".localhost")) return ["127.0.0.1", "::1"];
    const known = this.#known.get(host);
    if (known !== undefined && known.untilMs > this.#elapsed()) return known.addresses;
    return orAborted(this.#ask(host), signal);
  }

  /** The answer, if it comes in time; one that comes later is there for the next who asks. */
  #ask(host: string): Promise<readonly string[]> {
    const answer = this.#lookups.run(host, async () => {
      this.#askedAtMs.set(host, this.#elapsed());
      try {
        return await this.#lookUp(host);
      } finally {
        this.#askedAtMs.delete(host);
      }
    });
    const waitedMs = this.#elapsed() - (this.#askedAtMs.get(host) ?? this.#elapsed());
    return within(answer, Math.max(0, PATIENCE_MS - waitedMs), () => {
      const message = `${this.#who} did not say within ${PATIENCE_MS / 1000} s which address ${JSON.stringify(host)} has`;
      throw new UpstreamError({ kind: "unreachable", reason: "silent" }, message);
    });
  }

  async #lookUp(host: string): Promise<readonly string[]> {
    let answer: Answer;
    try {
      answer = await this.#lookup(host);
    } catch (cause) {
      const code = codeOf(cause) || String(cause);
      // That nobody said it in time is another thing than that there is none.
      const isSilent = /TIMEOUT|ETIMEDOUT|EAI_AGAIN/.test(code);
      const message = isSilent
        ? `${this.#who} did not say which address ${JSON.stringify(host)} has: ${describeFailure(cause)}`
        : `${this.#who} knows no address for ${JSON.stringify(host)}; is the name spelt right, and known to its DNS?`;
      throw new UpstreamError({ kind: "unreachable", reason: isSilent ? "silent" : "name" }, message, { cause });
    }
    const ttlSeconds = Math.min(
      Math.max(answer.ttlSeconds ?? SHORTEST_TTL_SECONDS, SHORTEST_TTL_SECONDS),
      LONGEST_TTL_SECONDS,
    );
    const addresses = [...new Set(answer.addresses)].slice(0, ADDRESS_LIMIT);
    if (this.#known.size >= CACHED_NAMES) this.#known.clear();
    this.#known.set(host, { addresses, untilMs: this.#elapsed() + ttlSeconds * 1000 });
    return addresses;
  }
}
