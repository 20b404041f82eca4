import { existsSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { untilAborted } from "../aci/convert/plan-image.ts";
import { signDetached } from "../aci/sign/sign-detached.ts";
import type { SigningKey } from "../aci/sign/signing-key.ts";
import { loadOrMakeSigningKey, ownKeyFile, readKeyFile } from "../aci/sign/signing-key-file.ts";
import { CommandFailure, type CommandIo } from "../lib/command/command-io.ts";
import { RegistryError } from "../oci/registry-error.ts";
import { findRunningLarders } from "../remote/running/running-larders.ts";
import type { AciSigner } from "./aci-signer.ts";
import { larderSigner } from "./larder-signer.ts";
import { addConnectionOptions, connectPages } from "./registry-connection.ts";

/** The flags that say which key signs. */
export type KeyFlags = Readonly<Record<string, unknown>> & {
  readonly key?: string;
  readonly data?: string;
  readonly registry?: string;
};

/** Where larder keeps its data unless it is told. */
const USUAL_DATA = "./larder-data";

/** Adds the options that say which key signs. */
export function addKeyOptions(command: Command): Command {
  command
    .option("--key <file>", "sign with this armored private key (RSA, without a passphrase) instead of larder's own")
    .option("--data <dir>", "the data folder of a larder on this machine, whose own key is in aci/");
  return addConnectionOptions(command);
}

/**
 * Finds what signs: the key that `--key` names, that of the data folder which `--data` names, else the key of the larder that
 * commands talk to. A key is made only in a data folder that was named and has none: what others trust is another one's key.
 * Throws a CommandFailure that says what to do.
 */
export async function findSigner(flags: KeyFlags, io: CommandIo): Promise<AciSigner> {
  const { key, data } = flags;
  if (key !== undefined) {
    const given = await readKeyFile(key);
    if (given === null) throw new CommandFailure(2, `the key file ${JSON.stringify(key)} does not exist`);
    return keySigner(given, io);
  }
  if (data === undefined) return askedSigner(flags, io);
  // It may have been told to sign with another key.
  const running = await larderOf(data, io);
  if (running !== null) return askedSigner({ ...flags, registry: running }, io);
  const folder = join(data, "aci");
  const { path } = ownKeyFile(folder);
  const isThere = existsSync(path);
  const made = await loadOrMakeSigningKey(folder, new Date());
  if (!isThere) io.stderr.write(`larder: ${path} is a new key: none was there\n`);
  return keySigner(made, io);
}

async function askedSigner(flags: KeyFlags, io: CommandIo): Promise<AciSigner> {
  try {
    return larderSigner(await connectPages(flags, "signing ACIs", io));
  } catch (error) {
    const isPlain = error instanceof CommandFailure || error instanceof RegistryError;
    if (!isPlain || io.signal.aborted) throw error;
    const here = existsSync(ownKeyFile(join(USUAL_DATA, "aci")).path) ? ` (${USUAL_DATA} has one)` : "";
    // What failed may end with a question.
    const behind = error.message.endsWith("?") ? " The" : "; the";
    throw new CommandFailure(
      1,
      `${error.message}${behind} key that signs ACIs is larder's own, so start larder, name it with --registry, or say where the key is: --data DIR, larder's data folder on its machine${here}, or --key FILE`,
      { cause: error },
    );
  }
}

/** The address of the larder that runs on this machine with that data folder; null when none does. */
async function larderOf(data: string, io: CommandIo): Promise<string | null> {
  const folder = await realpath(data).catch(() => null); // One that is not there is nobody's.
  return findRunningLarders(io.environment).find(({ dataFolder }) => dataFolder === folder)?.urls[0] ?? null;
}

function keySigner(key: SigningKey, io: CommandIo): AciSigner {
  return {
    publicKey: () => Promise.resolve(key.publicKey),
    sign: (file) => signDetached(key, untilAborted(Bun.file(file).stream(), io.signal), new Date()),
  };
}
