import { streamFrom } from "../files/stream-from.ts";

/** How a program ended, and the end of what it wrote to standard error. */
export type ProgramResult = { readonly status: number; readonly errors: string };

const ERRORS_LIMIT_CHARS = 64 * 1024;

/**
 * Runs a program to its end, with `input` as its standard input. What it writes to standard output is read and forgotten.
 * When the signal fires, it is ended, and the signal's reason thrown. Throws what `input` fails with.
 */
export async function runProgram(
  argv: readonly string[],
  input: ReadableStream<Uint8Array> | null,
  signal: AbortSignal,
): Promise<ProgramResult> {
  const child = Bun.spawn([...argv], { stdin: input === null ? "ignore" : "pipe", stdout: "pipe", stderr: "pipe" });
  const kill = () => child.kill();
  signal.addEventListener("abort", kill);
  try {
    const said = Promise.all([endOf(child.stderr), drain(child.stdout), child.exited]);
    said.catch(() => {}); // It is waited for in a moment.
    if (input !== null) await feed(child.stdin as Bun.FileSink, input);
    const [errors, , status] = await said;
    signal.throwIfAborted();
    return { status, errors };
  } catch (error) {
    child.kill();
    await child.exited;
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", kill);
  }
}

/**
 * The standard output of a program, which is ended when the stream is cancelled or the signal fires. When the program fails,
 * the stream does at its end, with what `failure` makes of the end of its standard error.
 */
export function streamOfProgram(
  argv: readonly string[],
  signal: AbortSignal,
  failure: (errors: string) => Error,
): ReadableStream<Uint8Array> {
  return streamFrom(outputOf(argv, signal, failure));
}

async function* outputOf(
  argv: readonly string[],
  signal: AbortSignal,
  failure: (errors: string) => Error,
): AsyncGenerator<Uint8Array, void, void> {
  const child = Bun.spawn([...argv], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const kill = () => child.kill();
  signal.addEventListener("abort", kill);
  try {
    const errors = endOf(child.stderr);
    for await (const piece of child.stdout) yield piece;
    const status = await child.exited;
    signal.throwIfAborted();
    if (status !== 0) throw failure(await errors);
  } finally {
    signal.removeEventListener("abort", kill);
    child.kill();
  }
}

/** Writes a stream, and waits whenever the program is slower. A program that reads no more has ended: its status counts. */
async function feed(sink: Bun.FileSink, input: ReadableStream<Uint8Array>): Promise<void> {
  for await (const piece of input) {
    try {
      await sink.write(piece);
      await sink.flush();
    } catch {
      break;
    }
  }
  try {
    await sink.end();
  } catch {
    // As above.
  }
}

async function endOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of stream) text = (text + decoder.decode(piece, { stream: true })).slice(-ERRORS_LIMIT_CHARS);
  return text;
}

async function drain(stream: ReadableStream<Uint8Array>): Promise<void> {
  for await (const _ of stream);
}
