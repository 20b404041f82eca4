import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import { ExpiringMap } from "../lib/expiring-map.ts";
import type { SocketOwner } from "./socket-table.ts";

/** Programs that pass requests or connections of others on, as the kernel names their processes (15 characters). */
const PROXY_PROGRAMS: ReadonlySet<string> = new Set([
  "angie",
  "apache2",
  "caddy",
  "cloudflared",
  "envoy",
  "frpc",
  "h2o",
  "haproxy",
  "hitch",
  "httpd",
  "lighttpd",
  "nginx",
  "ngrok",
  "openresty",
  "pound",
  "rinetd",
  "socat",
  "squid",
  "stunnel",
  "stunnel4",
  "systemd-socket-",
  "tailscaled",
  "tinyproxy",
  "traefik",
  "cache-main",
  "varnishd",
  "xinetd",
]);

/** A connection is its program's for as long as it lives, and a push has many requests on one. */
const KNOWN_FOR_MS = 10_000;
const MAX_KNOWN = 4096;

/** The well-known proxies that run on this machine. */
export class RunningProxies {
  readonly #folder: string;
  readonly #known: ExpiringMap<number, { readonly program: string | null }>;

  constructor(now: () => number, folder = "/proc") {
    this.#folder = folder;
    this.#known = new ExpiringMap(KNOWN_FOR_MS, MAX_KNOWN, now);
  }

  /** The program that has this socket, if it is a proxy; else null. */
  programOf(socket: SocketOwner): string | null {
    const known = this.#known.get(socket.inode);
    if (known !== null) return known.program;
    const program = this.#find(socket);
    this.#known.set(socket.inode, { program });
    return program;
  }

  /**
   * Where larder may not look into a proxy's process, all sockets of its account count as the proxy's. Not so for root,
   * who runs everything.
   */
  #find({ uid, inode }: SocketOwner): string | null {
    const link = `socket:[${inode}]`;
    for (const name of list(this.#folder)) {
      if (!/^\d+$/.test(name)) continue;
      const folder = join(this.#folder, name);
      const program = readProgram(folder, uid);
      if (program === null || !PROXY_PROGRAMS.has(program)) continue;
      if (readLinks(join(folder, "fd"))?.includes(link) ?? uid !== 0) return program;
    }
    return null;
  }
}

/** The name of a process of that account; null when it is another's, or has just ended. */
function readProgram(folder: string, uid: number): string | null {
  try {
    return statSync(folder).uid === uid ? readFileSync(join(folder, "comm"), "latin1").trim() : null;
  } catch {
    return null;
  }
}

/** What a process has open; null when larder may not know, or it has just ended. */
function readLinks(folder: string): readonly string[] | null {
  try {
    return readdirSync(folder).map((name) => {
      try {
        return readlinkSync(join(folder, name));
      } catch {
        return ""; // Closed meanwhile.
      }
    });
  } catch {
    return null;
  }
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // No /proc: not Linux.
  }
}
