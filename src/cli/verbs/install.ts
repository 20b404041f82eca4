import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Command } from "commander";
import { type ChosenConfiguration, chooseConfiguration } from "../../installation/choose-configuration.ts";
import { exists } from "../../installation/file-steps.ts";
import { findServiceManager } from "../../installation/find-service-manager.ts";
import { InstallationError, type Machine } from "../../installation/machine.ts";
import { performSteps, type Step } from "../../installation/perform-steps.ts";
import { CONFIGURATION_FILE, DATA_FOLDER } from "../../installation/places.ts";
import { INSTALLED_PROGRAM, planInstall } from "../../installation/plan-install.ts";
import { planRemoval } from "../../installation/plan-removal.ts";
import { openMachine } from "../../installation/this-machine.ts";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { judgeConfiguration } from "../../server/judge-configuration.ts";
import { ListenError } from "../../server/listen-error.ts";
import { ConfigurationError } from "../../server/settings/configuration-error.ts";
import type { ListenAddress } from "../../server/settings/listen-address.ts";
import type { Settings } from "../../server/settings/settings.ts";
import { tryListeners } from "../../server/try-listeners.ts";
import { confirm } from "../confirm.ts";
import { failingPlainly } from "../failing-plainly.ts";
import { reportInstallation } from "./report-installation.ts";
import { addSettingFlags, sourcesOf } from "../setting-flags.ts";

type Flags = {
  readonly undo?: true;
  readonly purge?: true;
  readonly yes?: true;
  readonly start: boolean;
  readonly dryRun?: true;
  readonly root?: string;
  readonly program?: string;
};

/** `larder install`: makes larder a service of this machine, or takes it away again. */
export function installCommand(io: CommandIo): Command {
  const command = new Command("install")
    .description(
      `Make larder a service of this machine, as root: the program in ${INSTALLED_PROGRAM}, an account of its own,\n` +
        `${CONFIGURATION_FILE} with what the flags say and comments, images in ${DATA_FOLDER}, a service of systemd or OpenRC\n` +
        "that starts with the machine. Again, it upgrades in place, and goes back when the new one does not come up. Settings and\n" +
        "images that are there are never overwritten.",
    )
    .option("--undo", "take it away again; settings and images stay")
    .option("--purge", `with --undo: settings, the account and the images in ${DATA_FOLDER}, too`)
    .option("--yes", "do not ask before that")
    .option("--no-start", "put everything in its place and start nothing")
    .option("--dry-run", "tell what would be done, and change nothing")
    .option("--root <folder>", "into an image that is being built in this folder")
    .option("--program <file>", "the larder to install, in place of this one: for an image of another processor")
    .action(() => {
      const flags = command.opts<Flags>();
      return failingPlainly(io.signal, () =>
        explained(() => (flags.undo ? remove(flags, io) : install(command, flags, io))),
      );
    });
  // No variable of this shell's counts: the service will not have it.
  return addSettingFlags(command, `this file becomes ${CONFIGURATION_FILE}; no flags of settings beside it`);
}

async function install(command: Command, flags: Flags, io: CommandIo): Promise<void> {
  if (flags.purge === true) throw new CommandFailure(2, "--purge takes things away: give it with --undo");
  const machine = machineOf(flags, io);
  const program = await programOf(flags);
  await refusePackage(machine, "larder is on this machine as a package (/usr/bin/larder): upgrade it as such");
  const { file, flags: settingFlags } = sourcesOf(command, {});
  const chosen = await chooseConfiguration(machine, {
    flags: settingFlags,
    file: file === null ? null : resolve(file),
  });
  const { settings } = chosen.effective;
  const manager = await findServiceManager(machine);
  const isStarted = machine.isRunning && flags.start && manager !== null;
  if (machine.isRunning) await judge(chosen);
  if (isStarted && !(await manager.control.isActive(machine))) await tryListeners(settings);
  const steps = await planInstall({
    machine,
    manager,
    program,
    configuration: chosen.text,
    dataFolder: settings.data,
    untilItAnswers: isStarted ? () => untilItAnswers(settings, io.signal) : null,
  });
  await perform(steps, flags, io);
  if (flags.dryRun !== true) io.stdout.write(reportInstallation(settings, manager, isStarted));
}

async function remove(flags: Flags, io: CommandIo): Promise<void> {
  const machine = machineOf(flags, io);
  const steps = await planRemoval(machine, await findServiceManager(machine), flags.purge === true);
  // What was installed before the package was may go; the account and the images are the package's as well.
  if (flags.purge === true || steps.length === 0) await refusePackage(machine, PACKAGED);
  if (flags.purge === true && flags.yes !== true && flags.dryRun !== true && steps.length > 0) {
    const question = `Remove larder with its settings, its account and all images in ${DATA_FOLDER}?`;
    await confirm(question, "--yes says that settings and images are to go", io);
  }
  await perform(steps, flags, io);
  if (flags.dryRun === true) return;
  const left =
    flags.purge === true
      ? ""
      : `${CONFIGURATION_FILE}, ${DATA_FOLDER} and the account are left; --purge takes them, too\n`;
  io.stdout.write(
    steps.length === 0 ? "there is nothing of larder install's here\n" : `larder is no longer installed\n${left}`,
  );
}

function machineOf({ root, dryRun }: Flags, io: CommandIo): Machine {
  if (process.getuid?.() !== 0 && dryRun !== true) {
    throw new CommandFailure(1, "only root can install a service, and nothing was changed: sudo larder install");
  }
  return openMachine(resolve(root ?? "/"), io.environment);
}

/** The one file that this program was compiled to, or the one that is asked for. */
async function programOf({ program }: Flags): Promise<string> {
  const isCompiled = Bun.main.startsWith("/$bunfs/");
  if (program === undefined && !isCompiled) {
    throw new CommandFailure(
      1,
      "this larder runs from a checkout, and what is installed is one file: npm run build makes it, and dist/larder-linux-… install puts it in its place",
    );
  }
  const path = await realpath(program ?? process.execPath);
  const isProgram = (await Bun.file(path).slice(0, 4).text()) === "\u007fELF";
  if (!isProgram) throw new CommandFailure(1, `${path} is no program for Linux: npm run build makes larder's`);
  return path;
}

const PACKAGED = "larder is on this machine as a package: remove it as such (apt remove larder, dnf remove larder)";

async function refusePackage(machine: Machine, words: string): Promise<void> {
  const units = ["/usr/lib/systemd/system/larder.service", "/lib/systemd/system/larder.service"];
  for (const path of ["/usr/bin/larder", ...units]) {
    if (await exists(machine, path)) throw new CommandFailure(1, words);
  }
}

/** Judges the settings as they would stand on the machine, files that they name included, before anything is changed. */
async function judge({ text, path }: ChosenConfiguration): Promise<void> {
  if (path !== null) return throwProblems(await judgeConfiguration(path, true));
  const folder = await mkdtemp(join(tmpdir(), "larder-install-"));
  try {
    const draft = join(folder, "larder.yaml");
    await writeFile(draft, text ?? "");
    const problems = await judgeConfiguration(draft, true);
    throwProblems(problems.map((problem) => problem.replace(`${draft}:`, `${CONFIGURATION_FILE}:`)));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function throwProblems(problems: readonly string[]): void {
  if (problems.length > 0) throw new CommandFailure(1, problems.join("\nlarder: "));
}

async function perform(steps: readonly Step[], { dryRun }: Flags, io: CommandIo): Promise<void> {
  if (dryRun === true) {
    const lines = steps.flatMap(({ what }) => (what === null ? [] : [`would ${what}\n`]));
    io.stdout.write(lines.length === 0 ? "would change nothing\n" : lines.join(""));
    return;
  }
  await performSteps(steps, (line) => io.stderr.write(`${line}\n`), io.signal);
}

/** What went wrong in words; everything that had been done was taken back. */
async function explained(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof InstallationError || error instanceof ListenError) {
      throw new CommandFailure(1, `${error.message}\nlarder: nothing was changed, or it is as it was before`, {
        cause: error,
      });
    }
    if (error instanceof ConfigurationError) throw new CommandFailure(2, error.problems.join("\nlarder: "));
    throw error;
  }
}

const PATIENCE_MS = 60_000;

/** Resolves when somebody takes connections where larder is to listen. */
async function untilItAnswers({ http, https }: Settings, signal: AbortSignal): Promise<void> {
  const untilMs = performance.now() + PATIENCE_MS;
  for (const address of [...http, ...https]) {
    while (!(await takesConnections(address))) {
      signal.throwIfAborted();
      if (performance.now() > untilMs) throw new Error(`it does not answer on port ${address.port}`);
      await Bun.sleep(100);
    }
  }
}

function takesConnections({ host, port }: ListenAddress): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect({ host: host ?? "127.0.0.1", port, timeout: 2000 });
    const end = (isOpen: boolean) => {
      socket.destroy();
      done(isOpen);
    };
    socket
      .once("connect", () => end(true))
      .once("error", () => end(false))
      .once("timeout", () => end(false));
  });
}
