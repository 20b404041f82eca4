import { setPriority } from "node:os";
import { Command } from "commander";
import { parseConversionJob } from "../../aci/convert/conversion-job.ts";
import { runConversion } from "../../aci/convert/run-conversion.ts";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";

/** Requests go first: a conversion takes the processor time that is left. */
const NICENESS = 10;

/** `larder aci work`: what `larder serve` starts for each conversion, so that its own process goes on answering. */
export function aciWorkCommand(io: CommandIo): Command {
  return new Command("work").summary("convert for a running server").action(async () => {
    setPriority(NICENESS);
    const asker = new Asker(io.signal);
    const job = parseConversionJob(await asker.line());
    const result = await runConversion(job, () => new Date(), asker.gone());
    io.stdout.write(`${JSON.stringify(result)}\n`);
    await asker.leave();
  });
}

/** Whoever started this process, at the other end of standard input. */
class Asker {
  readonly #input = Bun.stdin.stream().getReader();
  readonly #signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  async line(): Promise<string> {
    const decoder = new TextDecoder();
    let text = "";
    while (!text.includes("\n")) {
      const { value, done } = await this.#input.read();
      if (done) throw new CommandFailure(2, "this command is for larder itself: it reads its work from standard input");
      text += decoder.decode(value, { stream: true });
    }
    return text.slice(0, text.indexOf("\n"));
  }

  /** Aborted when the asker has ended, or this process is told to. */
  gone(): AbortSignal {
    const ended = new AbortController();
    const watch = async () => {
      while (!(await this.#input.read()).done);
      ended.abort(new Error("the server that asked for this conversion has ended"));
    };
    // An input that breaks has ended as well.
    watch().catch((error: unknown) => ended.abort(error));
    return AbortSignal.any([ended.signal, this.#signal]);
  }

  leave(): Promise<void> {
    return this.#input.cancel();
  }
}
