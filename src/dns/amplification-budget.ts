import ipaddr from "ipaddr.js";

/** Bytes a second beyond what it sent, for each client; thousands of ordinary answers. */
const BYTES_PER_SECOND = 256 * 1024;
const BURST_BYTES = 1024 * 1024;
const MAX_CLIENTS = 10_000;

type Account = { bytes: number; at: number };

/**
 * Bounds what anybody can make larder send to a third party over UDP, where the sender's address may be a lie: not the
 * number of answers, but the bytes by which they exceed the questions. An honest client that is over it is told to come
 * back over TCP, which proves its address, by an answer no longer than its question.
 */
export class AmplificationBudget {
  readonly #accounts = new Map<string, Account>();
  readonly #now: () => number;

  /** `now` gives milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** May `client` get `bytes` more than it sent? If so, they are spent. */
  spend(client: string, bytes: number): boolean {
    if (bytes <= 0 || isLoopback(client)) return true;
    const account = this.#accountOf(client);
    const now = this.#now();
    const earned = (Math.max(0, now - account.at) / 1000) * BYTES_PER_SECOND;
    account.bytes = Math.min(BURST_BYTES, account.bytes + earned);
    account.at = now;
    if (account.bytes < bytes) return false;
    account.bytes -= bytes;
    return true;
  }

  #accountOf(client: string): Account {
    const bucket = client.includes(":") ? networkOf(client) : client;
    const known = this.#accounts.get(bucket);
    if (known !== undefined) return known;
    const account = { bytes: BURST_BYTES, at: this.#now() };
    for (const oldest of this.#accounts.keys()) {
      if (this.#accounts.size < MAX_CLIENTS) break;
      this.#accounts.delete(oldest);
    }
    this.#accounts.set(bucket, account);
    return account;
  }
}

/** A loopback address cannot come in from outside: the kernel drops such packets. */
function isLoopback(client: string): boolean {
  return client.startsWith("127.") || client === "::1";
}

/** Whoever has an IPv6 address has the other 2⁶⁴ of its network. */
function networkOf(client: string): string {
  return ipaddr.IPv6.parse(client.replace(/%.*$/, "")).parts.slice(0, 4).join(":");
}
