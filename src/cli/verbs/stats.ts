import { Command } from "commander";
import type { NamespaceCounts, NamespaceStats, Stats } from "../../admin/server-schemas.ts";
import type { CommandIo } from "../../lib/command/command-io.ts";
import { failingPlainly } from "../failing-plainly.ts";
import { formatBytes } from "../../lib/text/format-bytes.ts";
import { timeOf } from "../json/json-values.ts";
import { statsResult } from "../json/server-results.ts";
import { writeJson } from "../json/write-json.ts";
import { addConnectionOptions, connectLarder } from "../registry-connection.ts";
import { type Column, formatTable } from "../table.ts";

type Flags = { readonly registry?: string; readonly json?: true };

/** `larder stats`: hits, misses and bytes, by namespace. */
export function statsCommand(io: CommandIo): Command {
  const command = new Command("stats")
    .description("Show what larder answered since it started and in all, and what that saved, by registry.")
    .option("--json", "as JSON");
  return addConnectionOptions(command).action((flags: Flags) =>
    failingPlainly(io.signal, async () => {
      const stats = await (await connectLarder(flags, "stats", io)).call("getStats", {});
      if (flags.json === true) writeJson(io.stdout, statsResult, jsonOf(stats));
      else io.stdout.write(format(stats, io.stdout.columns ?? null));
    }),
  );
}

const COUNTS = ["HITS", "STALE", "MISSES", "FROM DISK", "FROM UPSTREAM", "SAVED"];
const COLUMNS: readonly Column[] = [
  { title: "REGISTRY", kind: "name" },
  ...COUNTS.map((title) => ({ title, kind: "fact" }) as const),
];
const ALLOWANCE: Column = { title: "ALLOWANCE", kind: "fact" };

/** An older larder leaves things out. */
function jsonOf({ sinceMs, namespaces, total, verification, ...rest }: Stats) {
  return {
    since: timeOf(sinceMs),
    ...rest,
    verification: verification == null ? null : verificationOf(verification),
    namespaces: namespaces.map(({ rateLimit, ...one }) => ({ ...one, rateLimit: limitOf(rateLimit) })),
    total: total == null ? null : { since: timeOf(total.sinceMs), namespaces: total.namespaces },
  };
}

function verificationOf({ pass, lastEndedAtMs, rotten, first }: NonNullable<Stats["verification"]>) {
  const shown = pass === null ? null : timesOf(pass);
  return {
    pass: shown,
    lastEndedAt: timeOf(lastEndedAtMs),
    rotten,
    first: first.map(({ sinceMs, images, ...one }) => ({ ...one, since: timeOf(sinceMs), images: [...images] })),
  };
}

function timesOf({ startedAtMs, endedAtMs, ...counts }: NonNullable<NonNullable<Stats["verification"]>["pass"]>) {
  return { startedAt: timeOf(startedAtMs), endedAt: timeOf(endedAtMs), ...counts };
}

function limitOf(limit: NamespaceStats["rateLimit"]) {
  if (limit === null) return null;
  const { seenAtMs, ...rest } = limit;
  return { ...rest, seenAt: timeOf(seenAtMs) };
}

function format(
  { sinceMs, offline, namespaces, total, aside, verification, ...problems }: Stats,
  columns: number | null,
): string {
  const state = offline ? "offline: no upstream registry is contacted" : "online";
  const rows = namespaces.map((one) => [...cells(one), allowanceOf(one)]);
  const table = rows.length === 0 ? "nothing was asked for yet\n" : formatTable([...COLUMNS, ALLOWANCE], rows, columns);
  const away = namespaces.filter(({ upstream }) => upstream === "away").map(({ namespace }) => namespace);
  const unreachable = away.length === 0 ? "" : `not reachable, and tried again in the background: ${away.join(", ")}\n`;
  const notes = `${unreachable}${formatAside(aside)}${formatVerification(verification)}${formatProblems(problems)}`;
  return `since the start, ${formatTime(sinceMs)}; ${state}\n${notes}\n${table}${formatTotal(total, columns)}`;
}

/** What came before this start, too. An older larder does not tell. */
function formatTotal(total: Stats["total"] | undefined, columns: number | null): string {
  if (total == null || total.namespaces.length === 0) return "";
  return `\nin all, since ${formatTime(total.sinceMs)}\n\n${formatTable(COLUMNS, total.namespaces.map(cells), columns)}`;
}

function formatTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

function formatAside(aside: Stats["aside"]): string {
  if (aside.files === 0) return "";
  const damaged = aside.damaged === 0 ? "" : `, ${aside.damaged} of them damaged`;
  return `set aside: ${aside.files} files${damaged}, ${formatBytes(aside.bytes)}\n`;
}

/** What is rotten, and how far the pass over all blobs is. An older larder does not tell. */
function formatVerification(verification: Stats["verification"] | undefined): string {
  if (verification == null) return "";
  const { pass, lastEndedAtMs, rotten, first } = verification;
  const count = rotten.damaged + rotten.missing + rotten.unreadable;
  const lines = first.map(
    ({ digest, rot, reason, sinceMs, images }) =>
      `  ${digest} ${rot} since ${formatTime(sinceMs)}: ${reason}; needed by ${images.join(" ") || "no tag"}`,
  );
  if (count > first.length) lines.push(`  and ${count - first.length} more`);
  if (count > 0) lines.unshift(`not to be had from here: ${count} blobs; push what needs them again`);
  if (pass !== null && pass.endedAtMs === null) {
    const so = `${pass.blobs} blobs, ${formatBytes(pass.bytes)}`;
    lines.push(`verification: on its way since ${formatTime(pass.startedAtMs)}, ${so} so far`);
  } else if (lastEndedAtMs !== null) lines.push(`verification: all blobs were read by ${formatTime(lastEndedAtMs)}`);
  return lines.map((line) => `${line}\n`).join("");
}

function formatProblems({
  storeProblem,
  collectionRefusal,
}: Pick<Stats, "storeProblem" | "collectionRefusal">): string {
  if (storeProblem != null) return `nothing is written: ${storeProblem}\n`;
  return collectionRefusal === null ? "" : `nothing is collected: ${collectionRefusal}\n`;
}

function cells({ namespace, hits, stale, misses, bytesFromDisk, bytesFromUpstream, bytesSaved }: NamespaceCounts) {
  const bytes = [bytesFromDisk, bytesFromUpstream, bytesSaved].map(formatBytes);
  return [namespace, ...[hits, stale ?? 0, misses].map(String), ...bytes];
}

function allowanceOf({ rateLimit }: NamespaceStats): string {
  return rateLimit === null ? "-" : `${rateLimit.remaining} of ${rateLimit.limit} left`;
}
