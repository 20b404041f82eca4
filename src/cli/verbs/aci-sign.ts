import { rename, writeFile } from "node:fs/promises";
import { Command } from "commander";
import { untilAborted } from "../../aci/convert/plan-image.ts";
import { signDetached } from "../../aci/sign/sign-detached.ts";
import { addKeyOptions, type KeyFlags, signingKeyOf } from "../aci-signing-key.ts";
import type { CommandIo } from "../../lib/command/command-io.ts";
import { failingOnAci } from "../failing-on-aci.ts";

/** `larder aci sign`: a detached signature beside each file. */
export function aciSignCommand(io: CommandIo): Command {
  const command = new Command("sign")
    .summary("write FILE.asc, an OpenPGP signature, beside each file")
    .argument("<file...>", "ACI files");
  addKeyOptions(command);
  return command.action((files: string[], flags: KeyFlags) =>
    failingOnAci(io.signal, async () => {
      const key = await signingKeyOf(flags);
      for (const file of files) {
        const signature = await signDetached(key, untilAborted(Bun.file(file).stream(), io.signal), new Date());
        // Whole or not at all: a client may fetch the signature at any moment.
        await writeFile(`${file}.asc.new`, signature);
        await rename(`${file}.asc.new`, `${file}.asc`);
        io.stdout.write(`${file}.asc\n`);
      }
    }),
  );
}
