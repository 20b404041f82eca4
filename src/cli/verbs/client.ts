/** `larder client`: what a node needs to pull from larder, as files, a tar or a script. */
import { writeFile } from "node:fs/promises";
import { Command, Option } from "commander";
import { CLIENT_MODES, type ClientSettings } from "../../clients/client-settings.ts";
import { ClientSettingsError } from "../../clients/client-settings-error.ts";
import { renderScript } from "../../clients/deliver/render-script.ts";
import { renderTar, renderText } from "../../clients/deliver/render-files.ts";
import {
  type ClientTarget,
  clientConfig,
  clientTargets,
  findClientTarget,
  unknownTarget,
} from "../../clients/targets/targets.ts";
import { writeFiles } from "../../clients/deliver/write-files.ts";
import { type ClientFlags, resolveClientSettings } from "../client-flags.ts";
import { clientFiles, listedTargets, writtenFiles } from "../json/file-results.ts";
import { writeJson } from "../json/write-json.ts";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { describeFailure } from "../../lib/failures/describe-failure.ts";

type Flags = ClientFlags & {
  readonly out?: string;
  readonly tar?: string;
  readonly script?: boolean;
  readonly overwrite?: boolean;
  readonly json?: true;
};

/** `larder client`: prints or writes what a node, a runtime or a name server needs to use larder. */
export function clientCommand(io: CommandIo): Command {
  return new Command("client")
    .description(
      "Print or write what a node, a runtime or a name server needs to use larder; without a target, list them.",
    )
    .argument("[target]", "containerd, docker, k3s, talos, hosts, …")
    .argument("[file]", "write a tar to this file, or to standard output for -; the same as --tar")
    .option("--registry <address>", "where nodes reach larder: http://HOST:PORT or https://HOST:PORT")
    .addOption(
      new Option("--mode <mode>", "how nodes come to larder (default: as the address says)").choices([...CLIENT_MODES]),
    )
    .option("--stand-in <host|file>", "a registry to send to larder, or a file with one a line; repeatable", collect)
    .option("--ca <file>", "the certificate authority that nodes have to trust, PEM")
    .option("--address <ip>", "where the names of the registries shall lead, for mode spoof; repeatable", collect)
    .option("--all", "send all other registries' pulls to larder first, too")
    .option("--no-fallback", "never let nodes go to the registries themselves")
    .option("--no-ask", "do not ask the server for its stand-in hosts, its CA and its addresses")
    .addOption(new Option("--out <folder>", "write the files below this folder; files that are there are merged"))
    .addOption(new Option("--tar <file>", "write the files as a tar, to standard output for -").conflicts("out"))
    .addOption(new Option("--script", "print a shell script that joins the node it runs on").conflicts(["out", "tar"]))
    .option("--overwrite", "with --out: overwrite files that somebody else wrote")
    .option("--json", "the targets, the files, or what became of them, as JSON")
    .action(async (name: string | undefined, file: string | undefined, flags: Flags) => {
      if (name === undefined) {
        listTargets(flags, io);
        return;
      }
      const target = findClientTarget(name);
      if (target === null) {
        throw new CommandFailure(2, unknownTarget(name, "larder client"));
      }
      try {
        const settings = await resolveClientSettings(target, flags, io);
        await deliver(target, settings, file === undefined ? flags : { ...flags, tar: file }, io);
      } catch (error) {
        if (error instanceof ClientSettingsError) throw new CommandFailure(1, error.message, { cause: error });
        throw error;
      }
    });
}

async function deliver(target: ClientTarget, settings: ClientSettings, flags: Flags, io: CommandIo): Promise<void> {
  if (flags.script === true) {
    io.stdout.write(renderScript(target, settings));
    return;
  }
  if (flags.tar !== undefined) await deliverTar(target, settings, flags.tar, io);
  else if (flags.out !== undefined) await deliverFolder(target, settings, flags.out, flags, io);
  else if (flags.json === true) return printJson(target, settings, io);
  else io.stdout.write(renderText(target, settings));
  for (const note of clientConfig(target, settings).notes) io.stderr.write(`${note}\n`);
}

async function deliverTar(target: ClientTarget, settings: ClientSettings, path: string, io: CommandIo): Promise<void> {
  const bytes = await renderTar(target, settings);
  if (path !== "-") {
    await writeFile(path, bytes).catch((error: Error) => {
      throw new CommandFailure(1, `cannot write ${path}: ${describeFailure(error)}`, { cause: error });
    });
    return;
  }
  if (io.stdout.isTerminal) {
    throw new CommandFailure(2, "a tar is nothing for a terminal: give a file, or send standard output somewhere");
  }
  // All that these tars hold is ASCII, so that text is what they are; anything else would not survive a text stream.
  io.stdout.write(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
}

async function deliverFolder(
  target: ClientTarget,
  settings: ClientSettings,
  folder: string,
  { overwrite = false, json }: Flags,
  io: CommandIo,
): Promise<void> {
  const files = await writeFiles(target, settings, folder, overwrite).catch((error: Error) => {
    if (error instanceof ClientSettingsError) throw error;
    throw new CommandFailure(1, `cannot write below ${folder}: ${describeFailure(error)}`, { cause: error });
  });
  for (const { path, outcome, remark } of files) {
    io.stderr.write(`${outcome} ${path}${remark === null ? "" : `: ${remark}`}\n`);
  }
  if (json === true) {
    const results = files.map(({ path, outcome, remark }) => ({ file: path, status: outcome, reason: remark }));
    writeJson(io.stdout, writtenFiles, results);
  }
  if (files.some((file) => file.outcome === "left")) {
    throw new CommandFailure(1, "nothing was written, because of the files that were left");
  }
}

function printJson(target: ClientTarget, settings: ClientSettings, { stdout }: CommandIo): void {
  const { files, notes } = clientConfig(target, settings);
  writeJson(stdout, clientFiles, {
    files: files.map(({ path, mode, content }) => ({ path, mode: mode.toString(8).padStart(4, "0"), content })),
    notes,
  });
}

function listTargets({ json }: Flags, io: CommandIo): void {
  if (json === true) {
    const told = clientTargets().map(({ name, aliases, summary, modes }) => ({
      target: name,
      aliases,
      summary,
      modes,
    }));
    return writeJson(io.stdout, listedTargets, told);
  }
  const names = clientTargets().map((target) => [target.name, ...target.aliases].join(", "));
  const width = Math.max(...names.map((name) => name.length));
  for (const [index, target] of clientTargets().entries()) {
    io.stdout.write(`${(names[index] ?? "").padEnd(width)}  ${target.summary} (${target.modes.join(", ")})\n`);
  }
}

function collect(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value];
}
