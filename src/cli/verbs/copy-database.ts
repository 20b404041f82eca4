import { setPriority } from "node:os";
import { Command } from "commander";
import type { CommandIo } from "../../lib/command/command-io.ts";
import { copyDatabase } from "../../recovery/backup/copy-database.ts";

/** Requests go first: a copy takes the processor time that is left. */
const NICENESS = 10;

/** `larder copy-database`: what a server that makes a backup starts, so that its own process goes on answering. */
export function copyDatabaseCommand(io: CommandIo): Command {
  return new Command("copy-database")
    .argument("<from>")
    .argument("<to>")
    .summary("copy a database for a running server")
    .action(async (from: string, to: string) => {
      setPriority(NICENESS);
      io.stdout.write(`${JSON.stringify(await copyDatabase(from, to))}\n`);
    });
}
