import { setPriority } from "node:os";
import { Command } from "commander";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { dieWithParent } from "../../lib/process/die-with-parent.ts";
import { parseDiscoveryJob } from "../../discovery/serve/discovery-job.ts";
import { runDiscovery } from "../../discovery/serve/run-discovery.ts";

/** Requests go first, and conversions: this takes the processor time that is left. */
const NICENESS = 15;
const LINE_FEED = 10;
const JOB_BYTES = 1 << 20;

/** `larder discovery-work`: what `larder serve` starts to look through files that somebody dropped on its page. */
export function discoveryWorkCommand(io: CommandIo): Command {
  return new Command("discovery-work").summary("look through files for a running server").action(async () => {
    setPriority(NICENESS);
    dieWithParent();
    const { line, rest } = await splitLine(Bun.stdin.stream());
    const job = parseDiscoveryJob(line);
    await runDiscovery(job, rest, (report) => io.stdout.write(`${JSON.stringify(report)}\n`), io.signal);
  });
}

/** The first line of a stream, and what follows it. */
async function splitLine(source: ReadableStream<Uint8Array>) {
  const chunks = source[Symbol.asyncIterator]();
  let begun = Buffer.alloc(0);
  for (;;) {
    const at = begun.indexOf(LINE_FEED);
    if (at >= 0) {
      const more = begun.subarray(at + 1);
      return { line: begun.subarray(0, at).toString("utf8"), rest: following(more, chunks) };
    }
    const next = await chunks.next();
    if (next.done === true || begun.length > JOB_BYTES) {
      throw new CommandFailure(2, "this command is for larder itself: it reads its work from standard input");
    }
    begun = Buffer.concat([begun, next.value]);
  }
}

async function* following(first: Uint8Array, chunks: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (first.length > 0) yield first;
  for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield next.value;
}
