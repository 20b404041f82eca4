import { RegistryError } from "../oci/registry-error.ts";
import { dim, isoTime, type LogForm, paint, timeText } from "../telemetry/log-form.ts";
import type { LogLevel } from "../telemetry/log.ts";
import { quoteSafely, showSafely } from "../telemetry/quote-safely.ts";
import type { ExchangeRecord } from "./exchange-record.ts";
import type { Exchange } from "./exchange.ts";

/** What clients write is cut to so much. */
const TEXT_LIMIT = 300;
/** An error's message tells what to do, at some length; on a screen its beginning will do. */
const MESSAGE_LIMIT = 1000;
const SHOWN_MESSAGE_LIMIT = 260;

/** What the line tells of a request besides what its record has. */
type RequestEnd = {
  readonly level: LogLevel;
  readonly atMs: number;
  /** The address of the one who asked; empty when it is not known. */
  readonly client: string;
  readonly status: number;
  readonly tookMs: number;
};

/** The log line of a request, with its line break. */
export function requestLine(form: LogForm, exchange: Exchange, end: RequestEnd): string {
  return form.format === "json" ? jsonLine(exchange, end) : humanLine(form, exchange, end);
}

/**
 * One object, its members in the order of who, what, and what came of it; those that say nothing are left out. Put
 * together by hand, of few pieces: with `JSON.stringify`, or piece by piece, the line takes twice as long to make, and there
 * are tens of thousands a second.
 */
function jsonLine(exchange: Exchange, { level, atMs, client, status, tookMs }: RequestEnd): string {
  const { record, request } = exchange;
  // Ids and routes are of plain characters.
  return `{"time":"${isoTime(atMs)}","level":"${level}","message":"request","requestId":"${exchange.requestId}","client":"${client}",${whoMember(exchange)}"method":${quoteSafely(request.method, 20)},"route":"${record.route}",${subjectMembers(exchange)},"status":${status},"ms":${Math.round(tookMs * 10) / 10}${outcomeMembers(record)}${traceMembers(exchange)}}\n`;
}

/** Nothing of somebody without a name, as most who pull. */
function whoMember({ who }: Exchange): string {
  return who === null ? "" : `"who":${quoteSafely(who, TEXT_LIMIT)},`;
}

function traceMembers({ span }: Exchange): string {
  return span === null ? "" : `,"traceId":"${span.trace.traceId}","spanId":"${span.spanId}"`;
}

/** What was asked for. Names of repositories are of plain characters, by their grammar. */
function subjectMembers({ path, record: { repository, reference } }: Exchange): string {
  if (repository === null) return `"path":${quoteSafely(path, TEXT_LIMIT)}`;
  const name = `"repository":"${repository.namespace}/${repository.path}"`;
  return reference === null ? name : `${name},"reference":${quoteSafely(reference, TEXT_LIMIT)}`;
}

const SOURCE_MEMBERS = {
  disk: `,"source":"disk"`,
  upstream: `,"source":"upstream"`,
  stale: `,"source":"stale"`,
} as const;

function outcomeMembers({ source, upstream, bytesOut, bytesIn, hasLeft, fault }: ExchangeRecord): string {
  let members = source === null ? "" : SOURCE_MEMBERS[source];
  if (bytesOut !== null) members = `,"bytes":${bytesOut}${members}`;
  if (bytesIn !== null) members += `,"received":${bytesIn}`;
  if (upstream !== null) members += `,"upstream":"${upstream}"`;
  if (hasLeft) members += `,"left":true`;
  return fault === null ? members : `${members},${faultMembers(fault)}`;
}

/** Of a fault of larder's own, its line in the log tells more. */
function faultMembers(fault: unknown): string {
  const message = quoteSafely(messageOf(fault), MESSAGE_LIMIT);
  return fault instanceof RegistryError ? `"code":"${fault.code}","error":${message}` : `"error":${message}`;
}

function messageOf(fault: unknown): string {
  return fault instanceof Error ? fault.message : String(fault);
}

const METHOD_WIDTH = 6;
const AMOUNT_WIDTH = 7;
const SOURCES = { disk: "disk ", upstream: "fetch", stale: "stale" } as const;

/** Columns for what is short, then what it was about and who asked: `12:00:01 GET    200  1.5 kB    2 ms disk  NAME 10.0.0.9`. */
function humanLine(form: LogForm, exchange: Exchange, { atMs, client, status, tookMs }: RequestEnd): string {
  const { record, request } = exchange;
  const bytes = record.bytesOut || record.bytesIn;
  const columns = [
    showSafely(request.method, 20).padEnd(METHOD_WIDTH),
    paint(form, colourOf(status), String(status)),
    (bytes === null ? "" : formatAmount(bytes)).padStart(AMOUNT_WIDTH),
    formatTime(tookMs).padStart(AMOUNT_WIDTH),
    record.source === null ? "     " : SOURCES[record.source],
    subjectOf(exchange),
    dim(form, exchange.who === null ? client || "-" : `${showSafely(exchange.who, TEXT_LIMIT)} ${client || "-"}`),
  ];
  return `${dim(form, timeText(form, atMs))}${columns.join(" ")}${dim(form, endOf(exchange))}\n`;
}

/** What else there is to tell: which trace it is of, that the client left, and why there is no better answer. */
function endOf({ record, requestId, span }: Exchange): string {
  const left = `${span === null ? "" : ` trace ${span.trace.traceId}`}${record.hasLeft ? " (left)" : ""}`;
  if (record.fault === null) return left;
  const code = record.fault instanceof RegistryError ? `${record.fault.code}: ` : "";
  return `${left} ${code}${showSafely(messageOf(record.fault), SHOWN_MESSAGE_LIMIT)} [${requestId}]`;
}

function colourOf(status: number): string {
  if (status < 400) return "32";
  return status < 500 ? "33" : "31";
}

/** `docker.io/library/nginx:1.27`, `…@sha256:0123456789ab`; what is of no repository by its path. */
function subjectOf({ record: { repository, reference, route }, path }: Exchange): string {
  if (repository === null) return showSafely(path, TEXT_LIMIT);
  const name = `${repository.namespace}/${repository.path}`;
  if (reference === null) return `${name} (${route})`;
  const shown = showSafely(reference.replace(/^(sha\d+:[0-9a-f]{12})[0-9a-f]+$/, "$1"), TEXT_LIMIT);
  return reference.includes(":") ? `${name}@${shown}` : `${name}:${shown}`;
}

const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** At most seven characters: `999 B`, `1.5 kB`, `120 MB`. */
export function formatAmount(bytes: number): string {
  let [amount, unit] = [bytes, 0];
  for (; amount >= 999.5 && unit < UNITS.length - 1; unit++) amount /= 1000;
  return `${amount < 9.95 && unit > 0 ? amount.toFixed(1) : Math.round(amount)} ${UNITS[unit]}`;
}

/** At most seven characters: `0.3 ms`, `120 ms`, `1.5 s`, `75 s`, `90 min`. */
export function formatTime(ms: number): string {
  if (ms < 999.5) return `${ms < 9.95 ? ms.toFixed(1) : Math.round(ms)} ms`;
  if (ms < 99_950) return `${ms < 9950 ? (ms / 1000).toFixed(1) : Math.round(ms / 1000)} s`;
  return `${Math.round(ms / 60_000)} min`;
}
