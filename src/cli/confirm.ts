import { CommandFailure, type CommandIo } from "../lib/command/command-io.ts";

/**
 * Asks the person at the terminal. Throws a CommandFailure when they do not say yes, and one of wrong usage, with `otherwise`,
 * where there is nobody to ask.
 */
export async function confirm(question: string, otherwise: string, io: CommandIo): Promise<void> {
  if (!io.stderr.isTerminal || io.stdin === undefined) {
    throw new CommandFailure(2, `there is no terminal to ask at: ${otherwise}`);
  }
  io.stderr.write(`${question} [y/N] `);
  const answer = await readLine(io.stdin());
  if (/^y(?:es)?$/i.test(answer.trim())) return;
  throw new CommandFailure(1, "nothing was removed");
}

/** Longer answers are no yes. */
const LIMIT = 1000;

async function readLine(input: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of input) {
    text += decoder.decode(chunk, { stream: true });
    const end = text.indexOf("\n");
    if (end >= 0) return text.slice(0, end);
    if (text.length > LIMIT) break;
  }
  return text;
}
