import { Command } from "commander";
import { addKeyOptions, type KeyFlags, signingKeyOf } from "../aci-signing-key.ts";
import type { CommandIo } from "../../lib/command/command-io.ts";
import { failingOnAci } from "../failing-on-aci.ts";

/** `larder aci key`: the public key, for machines that are to trust what is signed here. */
export function aciKeyCommand(io: CommandIo): Command {
  const command = new Command("key")
    .summary("print the public key that signatures are verified with")
    .description("Print the armored public key. A machine trusts it by: rkt trust --prefix example.com FILE-OR-URL");
  addKeyOptions(command);
  return command.action((flags: KeyFlags) =>
    failingOnAci(io.signal, async () => {
      const { publicKey, fingerprint } = await signingKeyOf(flags);
      io.stdout.write(publicKey);
      io.stderr.write(`fingerprint ${fingerprint}\n`);
    }),
  );
}
