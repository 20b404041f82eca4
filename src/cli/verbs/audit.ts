import { Command } from "commander";
import type { AuditEntry } from "../../admin/account-schemas.ts";
import type { AdminClient } from "../../admin/admin-client.ts";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { tryParseDuration } from "../../lib/text/duration.ts";
import { failingPlainly } from "../failing-plainly.ts";
import { auditResult } from "../json/account-results.ts";
import { timeOf } from "../json/json-values.ts";
import { writeJson } from "../json/write-json.ts";
import { addConnectionOptions, connectAdmin } from "../registry-connection.ts";
import { type Column, formatTable } from "../table.ts";

type Flags = { readonly registry?: string; readonly since?: string; readonly json?: true };

const USUAL_SINCE = "30d";

/** `larder audit`: who changed what. */
export function auditCommand(io: CommandIo): Command {
  const command = new Command("audit")
    .description(
      "List who changed what, the newest first: pushes and removals, users and tokens, settings, housekeeping that somebody\n" +
        "asked for, and wrong passwords, a line for each address and minute. Kept for 400 days, 100,000 lines at most.",
    )
    .option("--since <time>", "not what is older: 36h, 7d, or 2026-11-28 or 2026-11-28T12:00 (UTC)", USUAL_SINCE)
    .option("--json", "as JSON");
  return addConnectionOptions(command).action((flags: Flags) =>
    failingPlainly(io.signal, async () => {
      const since = parseSince(flags.since ?? USUAL_SINCE, Date.now());
      const { larder, host } = await connectAdmin(flags, "audit", io);
      const entries = await listEntries(larder, since);
      if (flags.json === true) return writeJson(io.stdout, auditResult, entries.map(jsonOf));
      if (entries.length === 0) return io.stderr.write(`larder: nobody has changed anything at ${host} since then\n`);
      io.stdout.write(formatTable(COLUMNS, entries.map(cells), io.stdout.columns ?? null));
    }),
  );
}

function parseSince(text: string, nowMs: number): number {
  const durationMs = tryParseDuration(text);
  if (durationMs !== null) return Math.max(0, nowMs - durationMs);
  const isDate = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?Z?)?$/.test(text);
  const atMs = isDate ? Date.parse(text.includes("T") && !text.endsWith("Z") ? `${text}Z` : text) : Number.NaN;
  if (Number.isFinite(atMs) && atMs >= 0) return atMs;
  throw new CommandFailure(2, `--since ${text}: write how long ago, such as 7d, or a time, such as 2026-11-28T12:00`);
}

async function listEntries(larder: AdminClient, since: number): Promise<readonly AuditEntry[]> {
  const entries: AuditEntry[] = [];
  for (let before: number | undefined; ; ) {
    const page = await larder.call("listAudit", { since, before, limit: 1000 });
    entries.push(...page.entries);
    if (page.next === null) return entries;
    before = page.next;
  }
}

const COLUMNS: readonly Column[] = [
  { title: "WHEN (UTC)", kind: "fact" },
  { title: "WHAT", kind: "fact" },
  { title: "WHO", kind: "name" },
  { title: "FROM", kind: "fact" },
  { title: "OF WHAT", kind: "prose" },
];

function cells({ atMs, action, who, from, subject, detail }: AuditEntry): readonly string[] {
  const when = new Date(atMs).toISOString().slice(0, 19).replace("T", " ");
  const what = [subject, detail].filter((part) => part !== null && part !== "").join("  ");
  return [when, action, who ?? "-", from ?? "-", what === "" ? "-" : what];
}

function jsonOf({ atMs, ...entry }: AuditEntry) {
  return { at: timeOf(atMs), ...entry };
}
