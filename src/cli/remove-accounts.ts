import { CommandFailure, type CommandIo } from "../lib/command/command-io.ts";
import { RegistryError } from "../oci/registry-error.ts";
import { removedAccounts } from "./json/account-results.ts";
import { writeJson } from "./json/write-json.ts";

/** Removes accounts one after the other, and tells of each. `remove` says whether it was the last of all. */
export async function removeAccounts(
  names: readonly string[],
  remove: (name: string) => Promise<boolean>,
  lastWords: string,
  { json }: { readonly json?: true },
  io: CommandIo,
): Promise<void> {
  const results: { readonly name: string; readonly status: "removed" | "absent" }[] = [];
  let wasLast = false;
  for (const name of names) {
    try {
      wasLast = await remove(name);
      io.stderr.write(`${name} is removed\n`);
      results.push({ name, status: "removed" });
    } catch (error) {
      if (!(error instanceof RegistryError) || error.code !== "NAME_UNKNOWN") throw error;
      io.stderr.write(`larder: ${error.message}\n`);
      results.push({ name, status: "absent" });
    }
  }
  if (wasLast) io.stderr.write(lastWords);
  if (json === true) writeJson(io.stdout, removedAccounts, results);
  if (results.some(({ status }) => status === "absent")) throw new CommandFailure(1, "");
}
