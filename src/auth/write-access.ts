import { networkInterfaces } from "node:os";
import { RegistryError } from "../oci/registry-error.ts";

/** What a decision about a write is made of. */
export type Writer = {
  /** The address that the connection came from; null when it is gone. */
  readonly address: string | null;
  /** The `Forwarded` header (RFC 7239), where proxies say for whom they ask. */
  readonly forwarded: string | null;
  /** The `X-Forwarded-For` header, the same in its older form. */
  readonly forwardedFor: string | null;
};

/** Decides who may push, delete and administer. People and tokens will be another implementation. */
export interface WriteAccess {
  /** Returns when the writer may write. Throws DENIED, saying what to do. */
  check(writer: Writer): void;
}

/** Everyone who reaches larder may write: `--open`. */
export const openAccess: WriteAccess = { check: () => {} };

/** How long the machine's addresses are taken for known. */
const ADDRESSES_FOR_MS = 2000;

/** Only requests from this machine's own addresses may write. */
export class OwnMachineAccess implements WriteAccess {
  readonly #now: () => number;
  readonly #ownAddresses: () => ReadonlySet<string>;
  #addresses: ReadonlySet<string> = new Set();
  #readAtMs = Number.NEGATIVE_INFINITY;

  constructor(now: () => number, ownAddresses: () => ReadonlySet<string> = machineAddresses) {
    this.#now = now;
    this.#ownAddresses = ownAddresses;
  }

  check(writer: Writer): void {
    // A proxy on this machine makes everybody's connection come from here; then those that it names count as well.
    const all = [writer.address ?? "nowhere", ...forwardedAddresses(writer)];
    const stranger = all.map(normalizeAddress).find((address) => !this.isOwn(address));
    if (stranger === undefined) return;
    throw new RegistryError(
      "DENIED",
      `pushing, deleting and administering are allowed only from the machine that larder runs on; this request came from ${stranger}. Do it on that machine, or start larder with --open to allow it to everyone who reaches it`,
    );
  }

  /** Is this an address of this machine, the loopback included? */
  isOwn(address: string): boolean {
    const bare = normalizeAddress(address);
    if (bare === "::1" || /^127\.\d+\.\d+\.\d+$/.test(bare)) return true;
    if (this.#now() - this.#readAtMs > ADDRESSES_FOR_MS) {
      this.#addresses = this.#ownAddresses();
      this.#readAtMs = this.#now();
    }
    return this.#addresses.has(bare);
  }
}

function machineAddresses(): ReadonlySet<string> {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return new Set(all.map(({ address }) => normalizeAddress(address)));
}

/** Takes off a zone (`%eth0`), brackets, and the prefix of an IPv4 address in IPv6 clothes. */
function normalizeAddress(address: string): string {
  const bare = address
    .trim()
    .toLowerCase()
    .replace(/^\[|\]$/g, "")
    .replace(/%.*$/, "");
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(bare)?.[1] ?? bare;
}

/** The addresses that the headers name: `for="[2001:db8::1]:80";proto=https`, or `203.0.113.7, 10.0.0.1`. */
function forwardedAddresses({ forwarded, forwardedFor }: Writer): readonly string[] {
  const standard = Array.from(
    (forwarded ?? "").matchAll(/(?:^|[;,])\s*for=("[^"]*"|[^;,]*)/gi),
    (match) => match[1] ?? "",
  );
  const older = forwardedFor === null ? [] : forwardedFor.split(",");
  return [...standard, ...older].map((address) => withoutPort(address.replaceAll('"', "").trim()));
}

function withoutPort(address: string): string {
  return address.replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, "$1").replace(/^(\[.*\]):\d+$/, "$1");
}
