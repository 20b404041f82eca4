import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Command } from "commander";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { describeFailure } from "../../lib/failures/describe-failure.ts";
import { VERSION } from "../../telemetry/version.ts";
import { describeVerb } from "../describe-verb.ts";
import { type ManPage, manPages } from "../man/man-pages.ts";

/** `larder man`: the manual pages, one on standard output or all as files. `load` gives all commands. */
export function manCommand(io: CommandIo, load: () => Promise<readonly Command[]>): Command {
  return new Command("man")
    .description(
      "Print a manual page, for man -l -; or write all pages below a folder, where man finds them: larder(1), larder-VERB(1)\n" +
        "and larder.yaml(5). Debian's and RPM's packages bring them along.",
    )
    .argument("[page]", "a verb, or larder.yaml", "larder")
    .option("--out <folder>", "write all pages there, such as /usr/local/share/man")
    .action(async (name: string, { out }: { readonly out?: string }) => {
      const edition = { version: VERSION, date: new Date().toISOString().slice(0, 10) };
      const pages = manPages((await load()).map(describeVerb), edition);
      if (out !== undefined) return await writePages(pages, out, io);
      const found = pages.find((page) => page.name === name || page.name === `larder-${name}`);
      if (found === undefined) {
        throw new CommandFailure(2, `there is no page ${JSON.stringify(name)}; pages are of verbs, and larder.yaml`);
      }
      io.stdout.write(found.text);
    });
}

async function writePages(pages: readonly ManPage[], folder: string, io: CommandIo): Promise<void> {
  try {
    for (const { file, text } of pages) {
      const path = join(folder, file);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text);
    }
  } catch (error) {
    throw new CommandFailure(1, `cannot write below ${folder}: ${describeFailure(error)}`, { cause: error });
  }
  io.stderr.write(`${pages.length} pages are below ${folder}\n`);
}
