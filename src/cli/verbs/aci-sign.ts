import { randomUUID } from "node:crypto";
import { rename, rm, writeFile } from "node:fs/promises";
import { Command } from "commander";
import { addKeyOptions, findSigner, type KeyFlags } from "../aci-signing-key.ts";
import type { CommandIo } from "../../lib/command/command-io.ts";
import { failingOnAci } from "../failing-on-aci.ts";
import { signedAcis } from "../json/file-results.ts";
import { writeJson } from "../json/write-json.ts";

/** `larder aci sign`: a detached signature beside each file. */
export function aciSignCommand(io: CommandIo): Command {
  const command = new Command("sign")
    .summary("write FILE.asc, an OpenPGP signature, beside each file")
    .description("Sign files with larder's own key, which larder does itself, or with that of --data or --key.")
    .argument("<file...>", "ACI files")
    .option("--json", "the result as JSON");
  addKeyOptions(command);
  return command.action((files: string[], flags: KeyFlags & { readonly json?: true }) =>
    failingOnAci(io.signal, async () => {
      const signer = await findSigner(flags, io);
      const signed: { readonly file: string; readonly signature: string }[] = [];
      for (const file of files) {
        const signature = `${file}.asc`;
        await writeWhole(signature, await signer.sign(file));
        signed.push({ file, signature });
        if (flags.json !== true) io.stdout.write(`${signature}\n`);
      }
      if (flags.json === true) writeJson(io.stdout, signedAcis, signed);
    }),
  );
}

/** A client may fetch the signature at any moment. */
async function writeWhole(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomUUID()}`;
  try {
    await writeFile(draft, text);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}
