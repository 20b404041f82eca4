import { Command } from "commander";
import type { AnswerOf } from "../../admin/contract.ts";
import type { AdminClient } from "../../admin/admin-client.ts";
import type { CommandIo } from "../../lib/command/command-io.ts";
import { dateText } from "../account-words.ts";
import { failingPlainly } from "../failing-plainly.ts";
import { listedSessions } from "../json/account-results.ts";
import { timeOf } from "../json/json-values.ts";
import { writeJson } from "../json/write-json.ts";
import { addConnectionOptions, connectAdmin } from "../registry-connection.ts";
import { removeAccounts } from "../remove-accounts.ts";
import { type Column, formatTable } from "../table.ts";

type Flags = { readonly registry?: string; readonly json?: true };
type Session = AnswerOf<"listSessions">["sessions"][number];

/** `larder session`: who is signed in to the page. */
export function sessionCommand(io: CommandIo): Command {
  return new Command("session").addCommand(lsCommand(io)).addCommand(endCommand(io));
}

function lsCommand(io: CommandIo): Command {
  const command = new Command("ls")
    .summary("list who is signed in to the page")
    .description("List who is signed in to the page, since when, from where and with which browser, the newest first.")
    .option("--json", "as JSON");
  return addConnectionOptions(command).action((flags: Flags) =>
    failingPlainly(io.signal, async () => {
      const { larder, host } = await connectAdmin(flags, "session", io);
      const sessions = await listSessions(larder);
      if (flags.json === true) return writeJson(io.stdout, listedSessions, sessions.map(jsonOf));
      if (sessions.length === 0) return io.stderr.write(`larder: nobody is signed in to the page at ${host}\n`);
      io.stdout.write(formatTable(COLUMNS, sessions.map(cells), io.stdout.columns ?? null));
    }),
  );
}

function endCommand(io: CommandIo): Command {
  const command = new Command("end")
    .summary("sign somebody out of the page")
    .description("End sessions with the page, by their ids. Passwords and tokens stay as they are.")
    .argument("<session...>", "ids, as larder session ls shows them")
    .option("--json", "as JSON");
  return addConnectionOptions(command).action((ids: string[], flags: Flags) =>
    failingPlainly(io.signal, async () => {
      const { larder } = await connectAdmin(flags, "session", io);
      const end = async (session: string) => {
        await larder.call("endSession", { session });
        return false;
      };
      await removeAccounts(ids, end, "", flags, io);
    }),
  );
}

async function listSessions(larder: AdminClient): Promise<readonly Session[]> {
  const sessions: Session[] = [];
  for (let before: string | undefined; ; ) {
    const page = await larder.call("listSessions", { whose: "all", before, limit: 200 });
    sessions.push(...page.sessions);
    if (page.next === null) return sessions;
    before = page.next;
  }
}

const COLUMNS: readonly Column[] = [
  { title: "WHO", kind: "name" },
  { title: "ID", kind: "fact" },
  { title: "SINCE (UTC)", kind: "fact" },
  { title: "LAST USED (UTC)", kind: "fact" },
  { title: "FROM", kind: "fact" },
  { title: "BROWSER", kind: "prose" },
];

function cells({ name, id, createdAtMs, usedAtMs, from, userAgent }: Session): readonly string[] {
  return [name, id, dateText(createdAtMs), dateText(usedAtMs), from ?? "-", userAgent ?? "-"];
}

function jsonOf({ id, name, createdAtMs, usedAtMs, expiresAtMs, from, userAgent }: Session) {
  const times = { createdAt: timeOf(createdAtMs), lastUsedAt: timeOf(usedAtMs), expiresAt: timeOf(expiresAtMs) };
  return { id, name, ...times, from, userAgent };
}
