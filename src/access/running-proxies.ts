import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import { ExpiringMap } from "../lib/async/expiring-map.ts";
import { SharedFlush } from "../lib/async/shared-flush.ts";
import type { Turns } from "../lib/async/turns.ts";
import type { SocketOwner } from "./socket-owner.ts";

/** Programs that pass requests or connections of others on, as the kernel names their processes (15 characters). */
const PROXY_PROGRAMS: ReadonlySet<string> = new Set([
  "angie",
  "apache2",
  "cache-main",
  "caddy",
  "chisel",
  "cloudflared",
  "envoy",
  "frpc",
  "ghostunnel",
  "gost",
  "h2o",
  "haproxy",
  "hitch",
  "httpd",
  "lighttpd",
  "linkerd2-proxy",
  "mitmdump",
  "mitmproxy",
  "mitmweb",
  "nginx",
  "ngrok",
  "openresty",
  "pen",
  "pomerium",
  "pound",
  "redir",
  "rinetd",
  "socat",
  "squid",
  "sslh",
  "stunnel",
  "stunnel4",
  "systemd-socket-",
  "tailscaled",
  "tinyproxy",
  "traefik",
  "varnishd",
  "xinetd",
]);

/** A connection is its program's for as long as it lives, and a push has many requests on one. */
const KNOWN_FOR_MS = 10_000;
const MAX_KNOWN = 4096;

/** How long the list of proxies is taken for true. */
const LISTED_FOR_MS = 1000;

type Proxy = { readonly program: string; readonly uid: number; readonly folder: string };

/**
 * The well-known proxies that run on this machine. A client that is none of their accounts' costs next to nothing. Where
 * it may be one's, the processes are listed anew, in turns, once for all who asked before.
 */
export class RunningProxies {
  readonly #now: () => number;
  readonly #turns: Turns;
  readonly #folder: string;
  readonly #known: ExpiringMap<number, { readonly program: string | null }>;
  readonly #listing: SharedFlush;
  #proxies: readonly Proxy[] = [];
  #listed: { readonly atMs: number; readonly lastPid: string | null } = { atMs: 0, lastPid: null };

  /** `now` is a clock that nobody sets. */
  constructor(now: () => number, turns: Turns, folder = "/proc") {
    this.#now = now;
    this.#turns = turns;
    this.#folder = folder;
    this.#known = new ExpiringMap(KNOWN_FOR_MS, MAX_KNOWN, now);
    this.#listing = new SharedFlush(async () => {
      const listed = { atMs: this.#now(), lastPid: this.#readLastPid() };
      this.#proxies = await this.#list();
      this.#listed = listed;
    });
  }

  /** One that runs, whoever has it; null when none does, or it has run for less than a second. */
  async any(): Promise<string | null> {
    if (this.#isOld()) await this.#listing.flush();
    return this.#proxies[0]?.program ?? null;
  }

  /** The program that has this socket, if it is a proxy; else null. */
  async programOf(socket: SocketOwner): Promise<string | null> {
    const known = this.#known.get(socket.inode);
    if (known !== null) return known.program;
    // A process that is there may still become a proxy (exec); a new one is seen at once.
    if (this.#isOld() || this.#readLastPid() !== this.#listed.lastPid) await this.#listing.flush();
    if (!this.#proxies.some(({ uid }) => uid === socket.uid)) return null;
    await this.#listing.flush();
    const program = await this.#find(socket);
    this.#known.set(socket.inode, { program });
    return program;
  }

  #isOld(): boolean {
    const { atMs, lastPid } = this.#listed;
    return lastPid === null || this.#now() - atMs > LISTED_FOR_MS;
  }

  /** The number of the process that began last (proc_loadavg(5)); null where the system does not tell. */
  #readLastPid(): string | null {
    try {
      return readFileSync(join(this.#folder, "loadavg"), "latin1").trim().split(" ").at(-1) ?? null;
    } catch {
      return null;
    }
  }

  /**
   * Where larder may not look into a proxy's process, all sockets of its account count as the proxy's, root's as well: a
   * stranger let in costs more than a push that is refused and told why. Proxies in containers with a network of their own
   * do not count: their connections do not come from this machine's addresses.
   */
  async #find({ uid, inode }: SocketOwner): Promise<string | null> {
    for (const proxy of this.#proxies.filter((one) => one.uid === uid)) {
      const isIts = await this.#has(proxy, inode);
      if (isIts === true) return proxy.program;
      if (isIts === null && this.#isOnSameNetwork(proxy)) return `${proxy.program} or another program of its account`;
    }
    return null;
  }

  /** Does the process have this socket? Null when larder may not know, or it has just ended. */
  async #has({ folder }: Proxy, inode: number): Promise<boolean | null> {
    const link = `socket:[${inode}]`;
    const work = this.#turns.begin();
    const entries = namesIn(join(folder, "fd"));
    for (const entry of entries ?? []) {
      if (readLink(join(folder, "fd", entry)) === link) return true;
      await work.rest();
    }
    return entries === null ? null : false;
  }

  /** By the names of the interfaces: which network a process is on is told to its owner alone. True where nothing is told. */
  #isOnSameNetwork({ folder }: Proxy): boolean {
    const [theirs, own] = [folder, join(this.#folder, "self")].map(readInterfaceNames);
    return theirs === null || own === null || theirs === own;
  }

  async #list(): Promise<readonly Proxy[]> {
    const work = this.#turns.begin();
    const proxies: Proxy[] = [];
    for (const name of namesIn(this.#folder) ?? []) {
      const proxy = /^\d+$/.test(name) ? readProxy(join(this.#folder, name)) : null;
      if (proxy !== null) proxies.push(proxy);
      if (work.isTurnOver) await work.nextTurn();
    }
    return proxies;
  }
}

/** Null when the process is no proxy, or has just ended. */
function readProxy(folder: string): Proxy | null {
  try {
    const program = readFileSync(join(folder, "comm"), "latin1").trim();
    return PROXY_PROGRAMS.has(program) ? { program, uid: statSync(folder).uid, folder } : null;
  } catch {
    return null;
  }
}

/** One a line, as proc_net_dev has them; null when it cannot be read. */
function readInterfaceNames(folder: string): string | null {
  try {
    const lines = readFileSync(join(folder, "net", "dev"), "latin1").split("\n");
    return lines.map((line) => line.slice(0, Math.max(0, line.indexOf(":"))).trim()).join("\n");
  } catch {
    return null;
  }
}

/** What a descriptor leads to; empty when it has been closed meanwhile. */
function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

/** Null when there is no such folder (no Linux, or a process that has ended), or larder may not look. */
function namesIn(folder: string): readonly string[] | null {
  try {
    return readdirSync(folder);
  } catch {
    return null;
  }
}
