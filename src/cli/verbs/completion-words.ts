import { Argument, Command } from "commander";
import type { CommandIo } from "../../lib/command/command-io.ts";
import { connectLarder } from "../registry-connection.ts";

/** Whoever presses TAB waits for the shell. */
const LIMIT_MS = 500;
const MOST_WORDS = 200;

/**
 * `larder completion-words images PREFIX`: what a completion script offers for a word that begins so, a line each. When
 * there is no larder, or it takes its time, nothing is offered and nothing said.
 */
export function completionWordsCommand(io: CommandIo): Command {
  return new Command("completion-words")
    .addArgument(new Argument("<kind>", "of words").choices(["images"]))
    .argument("[prefix]", "what is written of the word")
    .action(async (_: string, prefix = "") => {
      const quiet: CommandIo = {
        ...io,
        stderr: { isTerminal: false, write: () => {} },
        signal: AbortSignal.any([io.signal, AbortSignal.timeout(LIMIT_MS)]),
      };
      try {
        const larder = await connectLarder({}, "completion", quiet);
        const { images } = await larder.call("listImages", { search: endOf(prefix), limit: MOST_WORDS });
        const words = images.flatMap(({ name }) => wordFor(name, prefix) ?? []);
        io.stdout.write(words.map((word) => `${word}\n`).join(""));
      } catch {
        // A shell that completes has no place for a message.
      }
    });
}

/** The full name holds all that is written of it, but for a name of Docker's own behind its short form. */
function endOf(prefix: string): string {
  return prefix.replace(/^docker\.io\/(?!library\/)/, "");
}

/** The shortest spelling of an image that begins with what is written; null: none does. */
function wordFor(name: string, prefix: string): string | null {
  const short = name.replace(/^(?:docker\.io\/library\/|docker\.io\/|local\/)/, "");
  const spellings = [short, name.replace("docker.io/library/", "docker.io/"), name];
  return spellings.find((spelling) => spelling.startsWith(prefix)) ?? null;
}
