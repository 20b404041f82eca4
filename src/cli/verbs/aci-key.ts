import { Command } from "commander";
import { publicKeyFingerprint } from "../../aci/sign/public-key-fingerprint.ts";
import { addKeyOptions, findSigner, type KeyFlags } from "../aci-signing-key.ts";
import type { CommandIo } from "../../lib/command/command-io.ts";
import { failingOnAci } from "../failing-on-aci.ts";
import { aciKeyResult } from "../json/file-results.ts";
import { writeJson } from "../json/write-json.ts";

/** `larder aci key`: the public key, for machines that are to trust what is signed here. */
export function aciKeyCommand(io: CommandIo): Command {
  const command = new Command("key")
    .summary("print the public key that signatures are verified with")
    .description(
      "Print larder's armored public key, as larder gives it, or that of --data or --key. A machine trusts it by: rkt trust --prefix example.com FILE-OR-URL",
    )
    .option("--json", "the key and its fingerprint as JSON");
  addKeyOptions(command);
  return command.action((flags: KeyFlags & { readonly json?: true }) =>
    failingOnAci(io.signal, async () => {
      const publicKey = await (await findSigner(flags, io)).publicKey();
      const fingerprint = publicKeyFingerprint(publicKey, "the public key");
      if (flags.json === true) return writeJson(io.stdout, aciKeyResult, { publicKey, fingerprint });
      io.stdout.write(publicKey);
      io.stderr.write(`fingerprint ${fingerprint}\n`);
    }),
  );
}
