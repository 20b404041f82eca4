import { tryParseIpAddress } from "../lib/net/ip-address.ts";

/** So many failures at once, and one more after each of these times. */
type Allowance = { readonly burst: number; readonly everyMs: number };

/**
 * What somebody who guesses is allowed: with one name from one address, with any name from one address, and with one name from
 * all addresses that have failed before.
 */
const PAIR: Allowance = { burst: 10, everyMs: 6000 };
const ADDRESS: Allowance = { burst: 50, everyMs: 1000 };
const NAME: Allowance = { burst: 200, everyMs: 500 };
/** Failures that are remembered of each kind; the oldest are forgotten first. */
const REMEMBERED = 10_000;

/**
 * Slows down those who guess passwords. Time gives back what failures took, and what others do elsewhere never keeps out an
 * address that has not failed itself: nobody can lock a user out.
 */
export class FailureThrottle {
  readonly #pairs: Buckets;
  readonly #addresses: Buckets;
  readonly #names: Buckets;

  /** `elapsed` is a clock that nobody sets, in milliseconds. */
  constructor(elapsed: () => number) {
    this.#pairs = new Buckets(PAIR, elapsed);
    this.#addresses = new Buckets(ADDRESS, elapsed);
    this.#names = new Buckets(NAME, elapsed);
  }

  /** How long to wait before the next attempt, in milliseconds; 0: it may be made now. */
  waitMs(address: string, name: string): number {
    const from = originOf(address);
    const waitMs = Math.max(this.#pairs.waitMs(pairOf(from, name)), this.#addresses.waitMs(from));
    return this.#addresses.has(from) ? Math.max(waitMs, this.#names.waitMs(nameOf(name))) : waitMs;
  }

  /** An attempt begins: until it has succeeded it counts as one that failed, so that many at once gain nothing. */
  begin(address: string, name: string): void {
    this.#change(address, name, 1);
  }

  /** What has begun has succeeded, or came to no answer. */
  takeBack(address: string, name: string): void {
    this.#change(address, name, -1);
  }

  #change(address: string, name: string, failures: 1 | -1): void {
    const from = originOf(address);
    this.#pairs.add(pairOf(from, name), failures);
    this.#addresses.add(from, failures);
    this.#names.add(nameOf(name), failures);
  }
}

/** Longer ones are nobody's, and must not fill memory. */
function nameOf(name: string): string {
  return name.slice(0, 128);
}

function pairOf(from: string, name: string): string {
  return `${from} ${nameOf(name)}`;
}

/** An IPv6 host has a whole network of addresses. */
function originOf(address: string): string {
  const parsed = tryParseIpAddress(address);
  if (parsed === null || parsed.kind() === "ipv4") return address;
  return parsed.toNormalizedString().split(":").slice(0, 4).join(":");
}

/** Token buckets by name. One that is full again is as good as forgotten. */
class Buckets {
  readonly #allowance: Allowance;
  readonly #elapsed: () => number;
  /** When each will be full again. */
  readonly #fullAtMs = new Map<string, number>();

  constructor(allowance: Allowance, elapsed: () => number) {
    this.#allowance = allowance;
    this.#elapsed = elapsed;
  }

  has(key: string): boolean {
    return (this.#fullAtMs.get(key) ?? 0) > this.#elapsed();
  }

  waitMs(key: string): number {
    const { burst, everyMs } = this.#allowance;
    const missingMs = (this.#fullAtMs.get(key) ?? 0) - this.#elapsed();
    return Math.max(0, missingMs - (burst - 1) * everyMs);
  }

  add(key: string, failures: 1 | -1): void {
    const { burst, everyMs } = this.#allowance;
    const now = this.#elapsed();
    const fullAtMs = Math.max(this.#fullAtMs.get(key) ?? 0, now) + failures * everyMs;
    this.#fullAtMs.delete(key);
    if (fullAtMs <= now) return;
    this.#fullAtMs.set(key, Math.min(fullAtMs, now + burst * everyMs));
    if (this.#fullAtMs.size <= REMEMBERED) return;
    const [oldest] = this.#fullAtMs.keys();
    if (oldest !== undefined) this.#fullAtMs.delete(oldest);
  }
}
