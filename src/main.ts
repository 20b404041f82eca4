import { basename } from "node:path";
import { isatty } from "node:tty";
import { Command, CommanderError } from "commander";
import { CommandFailure, type CommandIo } from "./lib/command/command-io.ts";
import { wrapText } from "./lib/text/fit-text.ts";
import { interruptedStatus } from "./cli/interruption.ts";
import { formatOverview, formatVerbHelp } from "./cli/help/format-help.ts";
import { restartWithRoom } from "./cli/restart-with-room.ts";
import { suggestVerb } from "./cli/help/suggest-verb.ts";
import { putInPhrase } from "./cli/old-phrases.ts";
import { isCompiled } from "./cli/own-program.ts";
import { ProcessOutput } from "./cli/process-output.ts";
import { loadVerb, SHOWN_VERBS, VERBS, type Verb } from "./cli/verbs/verb-table.ts";
import { quoteBriefly } from "./oci/digest.ts";
import { VERSION } from "./telemetry/version.ts";

/** Verbs that mean something else behind `registry`: its server, and the settings of that. */
const OF_REGISTRY = ["serve", "config"];

function isOfLarder(word: string): boolean {
  return !OF_REGISTRY.includes(word) && (word === "help" || findVerb(word) !== undefined);
}

function findVerb(word: string): Verb | undefined {
  return VERBS.find(({ name, aliases }) => name === word || aliases?.includes(word) === true);
}

/** A verb and its words, out of what was written: the program's name says something, too. */
function wordsOf(program: string, written: readonly string[]): readonly string[] {
  const said = basename(program) === "registry" ? ["registry", ...written] : written;
  // `larder help ls` is `larder ls --help`.
  const isHelp = said[0] === "help" && said.length > 1 && !said.includes("--help");
  const words = putInPhrase(isHelp ? [...said.slice(1), "--help"] : said);
  // The container image starts larder under this name, and there each verb is a word away, too.
  return words[0] === "registry" && isOfLarder(words[1] ?? "") ? words.slice(1) : words;
}

/**
 * Runs one command and returns its exit status: 0 done, 1 the answer is no or it failed, 2 wrong usage, 3 the answer is
 * not whole, 130 or 143 interrupted.
 */
async function main(words: readonly string[], io: CommandIo): Promise<number> {
  const [called = ""] = words;
  if (called === "" || called === "help" || called === "--help" || called === "-h") {
    io.stdout.write(formatOverview(io.stdout.columns ?? USUAL_COLUMNS));
    return 0;
  }
  if (called === "--version" || called === "-V") {
    io.stdout.write(`${VERSION}\n`);
    return 0;
  }
  if (called === "registry" && ["--version", "-v"].includes(words[1] ?? "")) {
    // The program, whose it is and which, in three words, as registry:2 says it.
    io.stdout.write(`registry larder v${VERSION}\n`);
    return 0;
  }
  const verb = findVerb(called);
  if (verb === undefined) {
    io.stderr.write(`larder: ${describeUnknown(called)}\n`);
    return 2;
  }
  // A checkout's start script says it. Before a server is loaded: so it is loaded once.
  if (isCompiled() && ["serve", "registry"].includes(verb.name)) restartWithRoom(io.environment);
  const program = newProgram(io);
  program.addCommand(inherit(await loadVerb(verb, io, onHangup), program));
  try {
    await program.parseAsync(words, { from: "user" });
    return 0;
  } catch (error) {
    return report(error, io);
  } finally {
    isDone = true;
  }
}

const USUAL_COLUMNS = 80;

function describeUnknown(called: string): string {
  const hint = "; larder --help lists the verbs";
  if (called.startsWith("-")) return `options stand behind the verb: larder VERB ${called}${hint}`;
  const meant = suggestVerb(
    called,
    SHOWN_VERBS.map(({ name }) => name),
  );
  return `there is no verb ${quoteBriefly(called)}${meant === null ? hint : `; do you mean: ${meant}`}`;
}

function newProgram(io: CommandIo): Command {
  return new Command("larder")
    .exitOverride()
    .helpCommand(false)
    .configureHelp({ formatHelp: formatVerbHelp })
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, "larder: ")),
      getOutHelpWidth: () => io.stdout.columns ?? USUAL_COLUMNS,
      getErrHelpWidth: () => io.stderr.columns ?? USUAL_COLUMNS,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
}

/** Output and the way that errors end are the program's, down to the last sub-command. */
function inherit(command: Command, parent: Command, path = `larder ${command.name()}`): Command {
  command
    .copyInheritedSettings(parent)
    .showHelpAfterError(`(see: ${path} --help)`)
    .helpCommand(false)
    .helpOption("-h, --help", "this help");
  for (const child of command.commands) inherit(child, command, `${path} ${child.name()}`);
  return command;
}

function report(error: unknown, io: CommandIo): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof CommandFailure) {
    if (error.message !== "") io.stderr.write(`${wrapText(`larder: ${error.message}`, io.stderr.columns ?? null)}\n`);
    return error.exitStatus;
  }
  if (io.signal.aborted) {
    io.stderr.write("larder: interrupted\n");
    return interruptedStatus(io.signal);
  }
  io.stderr.write(`larder: this is a fault of larder's own; please report it with the lines below\n${textOf(error)}\n`);
  return 1;
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** So long a command may take to say what it leaves behind. */
const ENDING_MS = 800;
let isDone = false;

/**
 * The first signal asks the command to end; the second SIGINT ends it. A server ends when its open transfers have, an
 * installation when it has taken back what it did; any other command is given a moment.
 */
function signalOfProcess(takesItsTime: boolean): AbortSignal {
  const controller = new AbortController();
  const { signal } = controller;
  const end = (name: string) => {
    controller.abort(new DOMException(name, "AbortError"));
    if (takesItsTime) return;
    setTimeout(() => {
      if (isDone) return;
      stderr.write("larder: interrupted\n");
      process.exit(interruptedStatus(signal));
    }, ENDING_MS).unref();
  };
  process.on("SIGTERM", () => end("SIGTERM"));
  process.on("SIGINT", () => {
    if (controller.signal.aborted) process.exit(130);
    end("SIGINT");
  });
  return signal;
}

/** Calls back at each SIGHUP. The one of a terminal that is closed ends the command, as it does others. */
function onHangup(callback: () => void): void {
  const terminals = [0, 1, 2].filter((descriptor) => isatty(descriptor));
  process.on("SIGHUP", () => {
    if (terminals.some((descriptor) => !isatty(descriptor))) process.kill(process.pid, "SIGTERM");
    else callback();
  });
}

const words = wordsOf(process.argv0, process.argv.slice(2));
const isServer = words[0] === "serve" || words[0] === "registry";
// A SIGHUP that comes before the server can read its settings again says nothing new: they are just being read.
if (isServer) process.on("SIGHUP", () => {});
const [stdout, stderr] = [new ProcessOutput(1), new ProcessOutput(2)];
stdout.keepOrderWith(stderr);
process.on("exit", () => stderr.flushNow());
const signal = signalOfProcess(isServer || words[0] === "install");
const askSecret = async (question: string) =>
  (await import("./cli/ask-secret.ts")).askSecret(question, (text) => stderr.write(text), signal);
const status = await main(words, {
  stdout,
  stderr,
  stdin: () => Bun.stdin.stream(),
  ...(isatty(0) && isatty(2) ? { askSecret } : {}),
  environment: process.env,
  signal,
});
const lost = await stdout.end();
if (lost !== null) stderr.write(`larder: standard output could not be written: ${lost}\n`);
await stderr.endSoon();
// What still waits now, for an upstream that does not answer, say, waits for nobody.
process.exit(lost === null ? status : 1);
