import { Command } from "commander";
import type { ListedToken } from "../../admin/account-schemas.ts";
import type { AdminClient } from "../../admin/admin-client.ts";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { tryParseDuration } from "../../lib/text/duration.ts";
import { also, dateText, explainFirst, explainLast, loginLine } from "../account-words.ts";
import { failingPlainly } from "../failing-plainly.ts";
import { listedTokens, tokenResult } from "../json/account-results.ts";
import { timeOf } from "../json/json-values.ts";
import { writeJson } from "../json/write-json.ts";
import { addConnectionOptions, connectAdmin } from "../registry-connection.ts";
import { removeAccounts } from "../remove-accounts.ts";
import { type Column, formatTable } from "../table.ts";

type Flags = { readonly registry?: string; readonly json?: true };
type CreateFlags = Flags & { readonly name: string; readonly allow: readonly string[]; readonly expires: string };
type ListFlags = Flags & { readonly all?: true };

/** Long enough to be forgotten about, short enough not to be for good. */
const USUAL_EXPIRY = "90d";
const LEAST_MS = 60_000;
const MOST_MS = 3660 * 86_400_000;

/** `larder token`: secrets of programs. */
export function tokenCommand(io: CommandIo): Command {
  return new Command("token").addCommand(createCommand(io)).addCommand(rmCommand(io)).addCommand(lsCommand(io));
}

function createCommand(io: CommandIo): Command {
  const command = new Command("create")
    .summary("make a token for a program")
    .description(
      "Make a token for a program, and print it: this once, and it alone on standard output. It may what --allow says, and\n" +
        "goes as the password of any user name (docker login), or as Authorization: Bearer. larder keeps its hash alone.",
    )
    .requiredOption(
      "--name <name>",
      "what it is called in lists, logs and rules: lower-case letters, digits, '.', '_', '-'",
    )
    .requiredOption(
      "--allow <grant>",
      "what it may: ACTION,…:PATTERN,…, of pull, push, delete, administer, or * for all, such as pull:docker.io/**; once or more",
      also,
    )
    .option("--expires <duration>", "for how long it is good: 12h, 30d, or never", USUAL_EXPIRY)
    .option("--json", "as JSON");
  return addConnectionOptions(command).action((flags: CreateFlags) =>
    failingPlainly(io.signal, async () => {
      const expiresAfterMs = parseExpiry(flags.expires);
      const { larder, host } = await connectAdmin(flags, "token", io);
      const request = { name: flags.name, grants: flags.allow, expiresAfterMs };
      const { token, isFirst, expiresAtMs, ...made } = await larder.call("createToken", request);
      if (flags.json === true) {
        writeJson(io.stdout, tokenResult, { token, ...made, expiresAt: timeOf(expiresAtMs) });
      } else io.stdout.write(`${token}\n`);
      const until = expiresAtMs === null ? "until it is revoked" : `until ${dateText(expiresAtMs)} UTC`;
      io.stderr.write(`${made.name} (${made.id}) may ${made.grants.join(" ")}, ${until}; it is not shown again.\n`);
      io.stderr.write(`It is the password of any name: ${loginLine(host, made.name, " --password-stdin")}\n`);
      if (isFirst) io.stderr.write(explainFirst(host, made.name));
    }),
  );
}

function parseExpiry(text: string): number | null {
  if (text === "never") return null;
  const durationMs = tryParseDuration(text);
  if (durationMs !== null && durationMs >= LEAST_MS && durationMs <= MOST_MS) return durationMs;
  throw new CommandFailure(2, `--expires ${text}: write a duration such as 12h or 30d, from 1m to 3660d, or never`);
}

function rmCommand(io: CommandIo): Command {
  const command = new Command("rm")
    .summary("revoke tokens")
    .description("Revoke tokens, by their names or ids. They are of no use from then on.")
    .argument("<token...>", "names or ids, as larder token ls shows them")
    .option("--json", "as JSON");
  return addConnectionOptions(command).action((names: string[], flags: Flags) =>
    failingPlainly(io.signal, async () => {
      const { larder } = await connectAdmin(flags, "token", io);
      const revoke = async (token: string) => (await larder.call("revokeToken", { token })).isLast;
      await removeAccounts(names, revoke, explainLast(), flags, io);
    }),
  );
}

function lsCommand(io: CommandIo): Command {
  const command = new Command("ls")
    .summary("list tokens")
    .description("List the tokens that are good: what each may, for how long, and when it was last used.")
    .option("--all", "those, too, that have expired or were revoked within 90 days")
    .option("--json", "as JSON");
  return addConnectionOptions(command).action((flags: ListFlags) =>
    failingPlainly(io.signal, async () => {
      const { larder, host } = await connectAdmin(flags, "token", io);
      const nowMs = Date.now();
      const all = (await listTokens(larder)).map((token) => ({ ...token, status: statusOf(token, nowMs) }));
      const tokens = all.filter(({ status }) => flags.all === true || status === "good");
      if (flags.json === true) return writeJson(io.stdout, listedTokens, tokens.map(jsonOf));
      if (tokens.length === 0)
        return io.stderr.write(`larder: ${host} has no such tokens; see larder token create --help\n`);
      io.stdout.write(formatTable(COLUMNS, tokens.map(cells), io.stdout.columns ?? null));
    }),
  );
}

type Row = ListedToken & { readonly status: "good" | "expired" | "revoked" };

async function listTokens(larder: AdminClient): Promise<readonly ListedToken[]> {
  const tokens: ListedToken[] = [];
  for (let after: string | undefined; ; ) {
    const page = await larder.call("listTokens", { after, limit: 1000 });
    tokens.push(...page.tokens);
    if (page.next === null) return tokens.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    after = page.next;
  }
}

function statusOf({ revokedAtMs, expiresAtMs }: ListedToken, nowMs: number): Row["status"] {
  if (revokedAtMs !== null) return "revoked";
  return expiresAtMs !== null && expiresAtMs <= nowMs ? "expired" : "good";
}

const COLUMNS: readonly Column[] = [
  { title: "TOKEN", kind: "name" },
  { title: "ID", kind: "fact" },
  { title: "STATUS", kind: "fact" },
  { title: "EXPIRES (UTC)", kind: "fact" },
  { title: "LAST USED", kind: "fact" },
  { title: "MAY", kind: "prose" },
];

function cells({ name, id, status, expiresAtMs, lastUsedAtMs, grants }: Row): readonly string[] {
  const expires = expiresAtMs === null ? "never" : dateText(expiresAtMs);
  return [name, id, status, expires, dateText(lastUsedAtMs), grants.join(" ")];
}

function jsonOf({ createdAtMs, expiresAtMs, lastUsedAtMs, revokedAtMs, ...token }: Row) {
  return {
    ...token,
    createdAt: timeOf(createdAtMs),
    expiresAt: timeOf(expiresAtMs),
    lastUsedAt: timeOf(lastUsedAtMs),
    revokedAt: timeOf(revokedAtMs),
  };
}
