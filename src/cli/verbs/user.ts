import { Command, Option } from "commander";
import type { AdminClient } from "../../admin/admin-client.ts";
import type { ListedUser } from "../../admin/account-schemas.ts";
import type { CommandIo } from "../../lib/command/command-io.ts";
import { also, explainFirst, explainLast, dateText, loginLine } from "../account-words.ts";
import { failingPlainly } from "../failing-plainly.ts";
import { listedUsers, userResult } from "../json/account-results.ts";
import { timeOf } from "../json/json-values.ts";
import { writeJson } from "../json/write-json.ts";
import { readPassword, type PasswordFlags } from "../read-password.ts";
import { addConnectionOptions, connectAdmin } from "../registry-connection.ts";
import { removeAccounts } from "../remove-accounts.ts";
import { type Column, formatTable } from "../table.ts";

type Flags = PasswordFlags & { readonly registry?: string; readonly allow?: readonly string[]; readonly json?: true };

/** `larder user`: people with passwords. */
export function userCommand(io: CommandIo): Command {
  return new Command("user")
    .addCommand(addCommand(io))
    .addCommand(passwdCommand(io))
    .addCommand(rmCommand(io))
    .addCommand(lsCommand(io));
}

function addCommand(io: CommandIo): Command {
  const command = new Command("add")
    .summary("add a user")
    .description(
      "Add a user, who may what the rules of larder.yaml say; without any, pull and push everything. With the first user\n" +
        "larder begins to know people: who pushes says from then on who they are. You are asked for the password.",
    )
    .argument("<name>", "the user's name: lower-case letters, digits, '.', '_', '-', '@'")
    .option(
      "--allow <grant>",
      "what this user alone may, instead of what every user may: pull,push:team/**; once or more",
      also,
    );
  return withPassword(command).action((name: string, flags: Flags) =>
    failingPlainly(io.signal, async () => {
      const password = await readPassword(`user add ${name}`, flags, io);
      const { larder, host } = await connectAdmin(flags, "user", io);
      const grants = flags.allow ?? null;
      const { isFirst, status } = await larder.call("putUser", { name, password, grants, expect: "absent" });
      io.stderr.write(`${name} may log in: ${loginLine(host, name)}\n`);
      if (isFirst) io.stderr.write(explainFirst(host, name));
      if (flags.json === true) writeJson(io.stdout, userResult, { name, status });
    }),
  );
}

function passwdCommand(io: CommandIo): Command {
  const command = new Command("passwd")
    .summary("give a user another password")
    .description("Give a user another password. The old one is of no use from then on.")
    .argument("<name>", "the user's name");
  return withPassword(command).action((name: string, flags: Flags) =>
    failingPlainly(io.signal, async () => {
      const password = await readPassword(`user passwd ${name}`, flags, io);
      const { larder } = await connectAdmin(flags, "user", io);
      const { status } = await larder.call("putUser", { name, password, expect: "present" });
      io.stderr.write(`${name} has another password\n`);
      if (flags.json === true) writeJson(io.stdout, userResult, { name, status });
    }),
  );
}

function rmCommand(io: CommandIo): Command {
  const command = new Command("rm")
    .summary("remove users")
    .description("Remove users. They are nobody from then on; what they pushed stays.")
    .argument("<name...>", "the users' names")
    .option("--json", "as JSON");
  return addConnectionOptions(command).action((names: string[], flags: Flags) =>
    failingPlainly(io.signal, async () => {
      const { larder } = await connectAdmin(flags, "user", io);
      const remove = async (name: string) => (await larder.call("removeUser", { name })).isLast;
      await removeAccounts(names, remove, explainLast(), flags, io);
    }),
  );
}

function lsCommand(io: CommandIo): Command {
  const command = new Command("ls")
    .summary("list users")
    .description(
      "List users: what they alone may, and when they were last here. Those of an htpasswd file are not among them.",
    )
    .option("--json", "as JSON");
  return addConnectionOptions(command).action((flags: Flags) =>
    failingPlainly(io.signal, async () => {
      const { larder, host } = await connectAdmin(flags, "user", io);
      const users = await listUsers(larder);
      if (flags.json === true) return writeJson(io.stdout, listedUsers, users.map(jsonOf));
      if (users.length === 0) return io.stderr.write(`larder: ${host} has no users; larder user add NAME makes one\n`);
      io.stdout.write(formatTable(COLUMNS, users.map(cells), io.stdout.columns ?? null));
    }),
  );
}

/** How a password gets here; the flag that people try is there to say why not. */
function withPassword(command: Command): Command {
  return addConnectionOptions(
    command
      .option("--password-stdin", "read the password from standard input")
      .addOption(new Option("-p, --password [password]", "never").hideHelp())
      .option("--json", "as JSON"),
  );
}

async function listUsers(larder: AdminClient): Promise<readonly ListedUser[]> {
  const users: ListedUser[] = [];
  for (let after: string | undefined; ; ) {
    const page = await larder.call("listUsers", { after, limit: 1000 });
    users.push(...page.users);
    if (page.next === null) return users;
    after = page.next;
  }
}

const COLUMNS: readonly Column[] = [
  { title: "USER", kind: "name" },
  { title: "ADDED (UTC)", kind: "fact" },
  { title: "LAST USED", kind: "fact" },
  { title: "MAY", kind: "prose" },
];

function cells({ name, grants, createdAtMs, lastUsedAtMs }: ListedUser): readonly string[] {
  return [name, dateText(createdAtMs), dateText(lastUsedAtMs), grants?.join(" ") ?? "as every user"];
}

function jsonOf({ createdAtMs, lastUsedAtMs, ...user }: ListedUser) {
  return { ...user, createdAt: timeOf(createdAtMs), lastUsedAt: timeOf(lastUsedAtMs) };
}
