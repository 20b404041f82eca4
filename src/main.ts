import { Command, CommanderError } from "commander";
import { CommandFailure, type CommandIo, type CommandOutput } from "./cli/command-io.ts";
import { VERSION } from "./server/version.ts";

type Factory = (io: CommandIo) => Command;

/** The verbs, each loaded only when it is called: `has` and `inspect` must not pay for the server. */
const VERBS: readonly { name: string; aliases?: readonly string[]; load: () => Promise<Factory> }[] = [
  { name: "serve", load: async () => (await import("./cli/serve.ts")).serveCommand },
];

/** Runs one command and returns its exit status: 0 done, 1 the answer is no or it failed, 2 wrong usage. */
async function main(argv: readonly string[], io: CommandIo): Promise<number> {
  const called = argv.find((word) => !word.startsWith("-"));
  const chosen = VERBS.filter((verb) => verb.name === called || verb.aliases?.includes(called ?? "") === true);
  const program = new Command("larder")
    .description("Keeps the container images that a cluster needs close to it, and stands in for their registries.")
    .version(VERSION, "-V, --version")
    .showHelpAfterError("(see: larder --help)")
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.stdout.write(text), writeErr: (text) => io.stderr.write(text) });
  for (const verb of chosen.length > 0 ? chosen : VERBS) {
    const command = (await verb.load())(io);
    program.addCommand(command.aliases(verb.aliases ?? []).copyInheritedSettings(program));
  }
  try {
    await program.parseAsync(argv, { from: "user" });
    return 0;
  } catch (error) {
    return report(error, io);
  }
}

function report(error: unknown, io: CommandIo): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof CommandFailure) {
    if (error.message !== "") io.stderr.write(`larder: ${error.message}\n`);
    return error.exitStatus;
  }
  io.stderr.write(`larder: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return 1;
}

function outputTo(stream: NodeJS.WriteStream): CommandOutput {
  return { isTerminal: stream.isTTY, write: (text) => void stream.write(text) };
}

/** The first signal asks the command to end; the second SIGINT ends it. */
function signalOfProcess(): AbortSignal {
  const controller = new AbortController();
  process.on("SIGTERM", () => controller.abort());
  process.on("SIGINT", () => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
  });
  return controller.signal;
}

process.exitCode = await main(process.argv.slice(2), {
  stdout: outputTo(process.stdout),
  stderr: outputTo(process.stderr),
  environment: process.env,
  signal: signalOfProcess(),
});
