import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
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

type RunningProxy = { readonly program: string; readonly folder: string; readonly uid: number };

const KNOWN_FOR_MS = 1000;

/** The well-known proxies that run on this machine. */
export class RunningProxies {
  readonly #now: () => number;
  readonly #folder: string;
  #known: readonly RunningProxy[] = [];
  #readAtMs = Number.NEGATIVE_INFINITY;

  constructor(now: () => number, folder = "/proc") {
    this.#now = now;
    this.#folder = folder;
  }

  /**
   * The program that has this socket, if it is a proxy; else null. Where larder may not look into a proxy's process, all
   * sockets of its account count as the proxy's. Not so for root, who runs everything.
   */
  programOf({ uid, inode }: SocketOwner): string | null {
    const link = `socket:[${inode}]`;
    for (const proxy of this.#running()) {
      if (proxy.uid === uid && (linksOf(proxy)?.includes(link) ?? uid !== 0)) return proxy.program;
    }
    return null;
  }

  #running(): readonly RunningProxy[] {
    if (Math.abs(this.#now() - this.#readAtMs) > KNOWN_FOR_MS) {
      this.#known = list(this.#folder)
        .filter((name) => /^\d+$/.test(name))
        .map((name) => readProxy(join(this.#folder, name)))
        .filter((proxy) => proxy !== null);
      this.#readAtMs = this.#now();
    }
    return this.#known;
  }
}

function readProxy(folder: string): RunningProxy | null {
  try {
    const program = readFileSync(join(folder, "comm"), "latin1").trim();
    return PROXY_PROGRAMS.has(program) ? { program, folder, uid: statSync(folder).uid } : null;
  } catch {
    return null; // It has just ended.
  }
}

/** What its file descriptors are; null when larder may not know, or it has just ended. */
function linksOf({ folder }: RunningProxy): readonly string[] | null {
  const descriptors = join(folder, "fd");
  try {
    return readdirSync(descriptors).map((name) => {
      try {
        return readlinkSync(join(descriptors, name));
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
