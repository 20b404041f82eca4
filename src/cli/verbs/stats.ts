import { Command } from "commander";
import type { NamespaceStats, StatsAnswer } from "../../admin/admin.ts";
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
    .description("Show what larder answered since it started, and what that saved, by registry.")
    .option("--json", "as JSON");
  return addConnectionOptions(command).action((flags: Flags) =>
    failingPlainly(io.signal, async () => {
      const stats = await (await connectLarder(flags, "stats", io)).stats();
      io.stdout.write(flags.json === true ? `${JSON.stringify(stats, null, 2)}\n` : format(stats));
    }),
  );
}

function format({ sinceMs, offline, namespaces, aside, ...problems }: StatsAnswer): string {
  const since = new Date(sinceMs).toISOString().slice(0, 16).replace("T", " ");
  const state = offline ? "offline: no upstream registry is contacted" : "online";
  const header = ["REGISTRY", "HITS", "MISSES", "FROM DISK", "FROM UPSTREAM", "SAVED", "ALLOWANCE"];
  const table = namespaces.length === 0 ? "nothing was asked for yet\n" : formatTable(header, namespaces.map(cells));
  const away = namespaces.filter(({ upstream }) => upstream === "away").map(({ namespace }) => namespace);
  const unreachable = away.length === 0 ? "" : `not reachable, and tried again in the background: ${away.join(", ")}\n`;
  return `since ${since} UTC, ${state}\n${unreachable}${formatAside(aside)}${formatProblems(problems)}\n${table}`;
}

function formatAside(aside: StatsAnswer["aside"]): string {
  if (aside.files === 0) return "";
  const damaged = aside.damaged === 0 ? "" : `, ${aside.damaged} of them damaged`;
  return `set aside: ${aside.files} files${damaged}, ${formatBytes(aside.bytes)}\n`;
}

function formatProblems({
  storeProblem,
  collectionRefusal,
}: Pick<StatsAnswer, "storeProblem" | "collectionRefusal">): string {
  if (storeProblem != null) return `nothing is written: ${storeProblem}\n`;
  return collectionRefusal === null ? "" : `nothing is collected: ${collectionRefusal}\n`;
}

function cells({ namespace, hits, misses, bytesFromDisk, bytesFromUpstream, bytesSaved, rateLimit }: NamespaceStats) {
  const allowance = rateLimit === null ? "-" : `${rateLimit.remaining} of ${rateLimit.limit} left`;
  const bytes = [bytesFromDisk, bytesFromUpstream, bytesSaved].map(formatBytes);
  return [namespace, String(hits), String(misses), ...bytes, allowance];
}
