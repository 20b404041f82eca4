import type { CommandIo } from "../lib/command/command-io.ts";
import { CommandFailure } from "../lib/command/command-io.ts";

/** No password of anybody's is longer. */
const LIMIT_BYTES = 64 * 1024;

/** The flags of a verb that takes a password. */
export type PasswordFlags = { readonly passwordStdin?: true; readonly password?: string | true };

/**
 * Reads a new password: from standard input with `--password-stdin`, where a line break behind it does not count; else the
 * person at the terminal is asked for it, twice and without echo. Throws a CommandFailure that says what to do.
 */
export async function readPassword(verb: string, flags: PasswordFlags, io: CommandIo): Promise<string> {
  if (flags.password !== undefined) {
    throw new CommandFailure(
      2,
      `a password is no argument: whoever lists the processes sees it, and the shell's history keeps it. Without one you are asked; programs write: … | larder ${verb} --password-stdin`,
    );
  }
  if (flags.passwordStdin === true) return readAll(io);
  if (io.askSecret === undefined) {
    throw new CommandFailure(2, `there is no terminal to ask at; write: … | larder ${verb} --password-stdin`);
  }
  const password = await io.askSecret("Password: ");
  if (password === "") throw new CommandFailure(2, "an empty password is none");
  if ((await io.askSecret("The same again: ")) !== password) {
    throw new CommandFailure(1, "the two passwords differ; nothing was changed");
  }
  return password;
}

async function readAll({ stdin }: CommandIo): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stdin?.() ?? []) {
    bytes += chunk.byteLength;
    if (bytes > LIMIT_BYTES) throw new CommandFailure(2, "standard input is no password: it has too much");
    chunks.push(chunk);
  }
  const password = Buffer.concat(chunks)
    .toString("utf8")
    .replace(/\r?\n$/, "");
  if (password === "") throw new CommandFailure(2, "standard input is empty: there is no password in it");
  return password;
}
