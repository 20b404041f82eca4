import { clientAddress } from "../access/proxy-headers.ts";
import type { IpNetwork } from "../lib/net/ip-network.ts";
import { RegistryError } from "../oci/registry-error.ts";
import type { LineLog } from "../telemetry/line-log.ts";
import type { LogLevel } from "../telemetry/log.ts";
import type { Exchange } from "./exchange.ts";
import { requestLine } from "./request-line.ts";
import type { RequestObserver } from "./request-observer.ts";

/** Routes whose requests say nothing as long as they are answered: clients and machines ask them all day long. */
const QUIET_ROUTES: ReadonlySet<string> = new Set(["base", "health", "metrics", "admin:getVersion", "admin:getHealth"]);

/** Logs a line for each request. */
export class RequestLog implements RequestObserver {
  readonly #log: LineLog;
  readonly #trustedProxies: () => readonly IpNetwork[];
  readonly #isForAll: () => boolean;

  /**
   * `trustedProxies` are those whose word on their clients is taken, at each request. `isForAll`: are there lines of requests that
   * went well, too?
   */
  constructor(log: LineLog, trustedProxies: () => readonly IpNetwork[], isForAll: () => boolean) {
    this.#log = log;
    this.#trustedProxies = trustedProxies;
    this.#isForAll = isForAll;
  }

  get asksForClient(): boolean {
    return this.#log.writes("info") && this.#isForAll();
  }

  answered(exchange: Exchange, status: number, tookMs: number): void {
    const level = levelOf(exchange, status);
    if (!this.#log.writes(level) || (level !== "warning" && !this.#isForAll())) return;
    const client = clientAddress(exchange.request.headers, exchange.remote() ?? "", this.#trustedProxies());
    const end = { level, atMs: this.#log.now(), client, status, tookMs };
    this.#log.writeLine(level, requestLine(this.#log.form, exchange, end));
  }
}

/** A question whose answer may well be no, and what machines ask all the time, are quiet; what fails, or is refused, is not. */
function levelOf({ record, request }: Exchange, status: number): LogLevel {
  if (status >= 500 || isRefusal(record.fault)) return "warning";
  if (status < 400) {
    // A stream that broke off had begun well.
    if (record.fault !== null && !record.hasLeft) return "warning";
    return QUIET_ROUTES.has(record.route) ? "debug" : "info";
  }
  return status === 401 || (status === 404 && request.method === "HEAD") ? "debug" : "info";
}

function isRefusal(fault: unknown): boolean {
  return fault instanceof RegistryError && fault.code === "DENIED";
}
