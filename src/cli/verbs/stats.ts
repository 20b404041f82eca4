import { Command } from "commander";
import type { NamespaceCounts, NamespaceStats, Stats } from "../../admin/server-schemas.ts";
import type { CommandIo } from "../../lib/command/command-io.ts";
import { failingPlainly } from "../failing-plainly.ts";
import { formatBytes } from "../progress.ts";
import { addConnectionOptions, connectLarder } from "../registry-connection.ts";
import { formatTable } from "../table.ts";

type Flags = { readonly registry?: string; readonly json?: true };

/** `larder stats`: hits, misses and bytes, by namespace. */
export function statsCommand(io: CommandIo): Command {
  const command = new Command("stats")
    .summary("hits, misses, bytes from disk and from upstream")
    .description("Show what larder answered since it started and in all, and what that saved, by registry.")
    .option("--json", "as JSON");
  return addConnectionOptions(command).action((flags: Flags) =>
    failingPlainly(io.signal, async () => {
      const stats = await (await connectLarder(flags, "stats", io)).call("getStats", {});
      io.stdout.write(flags.json === true ? `${JSON.stringify(stats, null, 2)}\n` : format(stats));
    }),
  );
}

const COLUMNS = ["REGISTRY", "HITS", "STALE", "MISSES", "FROM DISK", "FROM UPSTREAM", "SAVED"];

function format({ sinceMs, offline, namespaces, total, aside, ...problems }: Stats): string {
  const state = offline ? "offline: no upstream registry is contacted" : "online";
  const rows = namespaces.map((one) => [...cells(one), allowanceOf(one)]);
  const table = rows.length === 0 ? "nothing was asked for yet\n" : formatTable([...COLUMNS, "ALLOWANCE"], rows);
  const away = namespaces.filter(({ upstream }) => upstream === "away").map(({ namespace }) => namespace);
  const unreachable = away.length === 0 ? "" : `not reachable, and tried again in the background: ${away.join(", ")}\n`;
  const notes = `${unreachable}${formatAside(aside)}${formatProblems(problems)}`;
  return `since the start, ${formatTime(sinceMs)}; ${state}\n${notes}\n${table}${formatTotal(total)}`;
}

/** What came before this start, too. An older larder does not tell. */
function formatTotal(total: Stats["total"] | undefined): string {
  if (total == null || total.namespaces.length === 0) return "";
  return `\nin all, since ${formatTime(total.sinceMs)}\n\n${formatTable(COLUMNS, total.namespaces.map(cells))}`;
}

function formatTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

function formatAside(aside: Stats["aside"]): string {
  if (aside.files === 0) return "";
  const damaged = aside.damaged === 0 ? "" : `, ${aside.damaged} of them damaged`;
  return `set aside: ${aside.files} files${damaged}, ${formatBytes(aside.bytes)}\n`;
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
