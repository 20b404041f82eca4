import { join } from "node:path";
import type { SigningKey } from "../aci/sign/signing-key.ts";
import { loadOrMakeSigningKey, readKeyFile } from "../aci/sign/signing-key-file.ts";
import type { Command } from "commander";
import { CommandFailure } from "../lib/command/command-io.ts";

/** The flags that say which key signs. */
export type KeyFlags = { readonly key?: string; readonly data: string };

/** Adds the options that say which key signs. */
export function addKeyOptions(command: Command): Command {
  return command
    .option("--key <file>", "sign with this armored private key (RSA, without a passphrase) instead of larder's own")
    .option("--data <dir>", "larder's data folder; its own key is in aci/, made at first need", "./larder-data");
}

/** Loads the key that `--key` names, or larder's own. Throws a CommandFailure when the named file does not exist. */
export async function signingKeyOf({ key, data }: KeyFlags): Promise<SigningKey> {
  if (key === undefined) return loadOrMakeSigningKey(join(data, "aci"), new Date());
  const given = await readKeyFile(key);
  if (given === null) throw new CommandFailure(2, `the key file ${JSON.stringify(key)} does not exist`);
  return given;
}
