/** What is done to a machine so that larder runs on it as a service, in its order. */
import { lstat, readdir } from "node:fs/promises";
import { dirname } from "node:path";
import { isNotFound } from "../lib/files/system-error.ts";
import { accountOf, accountStep, findAccount } from "./account.ts";
import { exists, folderStep, oldOf, programStep, readText, removeStep, writeStep } from "./file-steps.ts";
import { giveAwayStep } from "./give-away-step.ts";
import { labelSteps } from "./label-step.ts";
import { InstallationError, type Machine, pathOn } from "./machine.ts";
import type { Step } from "./perform-steps.ts";
import { CONFIGURATION_FILE } from "./places.ts";
import type { ServiceManager } from "./service-manager.ts";
import { startSteps } from "./start-steps.ts";

/** Where `larder install` puts the program. */
export const INSTALLED_PROGRAM = "/usr/local/bin/larder";

/** What is to be installed. */
export type InstallRequest = {
  readonly machine: Machine;
  /** Null: nothing is known that starts services; then the files are put there, and nothing is started. */
  readonly manager: ServiceManager | null;
  /** The program that is copied, a file of the machine that installs. */
  readonly program: string;
  /** The text of larder.yaml; null: the machine has one, which stays. */
  readonly configuration: string | null;
  /** The data folder that larder.yaml says. */
  readonly dataFolder: string;
  /** Resolves when larder answers. Throws an Error that says why it does not; null: it is not to be started. */
  readonly untilItAnswers: (() => Promise<void>) | null;
};

/** The steps that lead from the machine as it is to one with larder. Throws an InstallationError where there is no way. */
export async function planInstall(request: InstallRequest): Promise<readonly Step[]> {
  const { machine, manager, program, configuration, dataFolder, untilItAnswers } = request;
  const starting = manager === null || untilItAnswers === null ? null : { manager, untilItAnswers };
  const ownedByRoot = async () => ({ uid: 0, gid: (await accountOf(machine)).gid });
  const steps: Step[] = [];
  if ((await findAccount(machine)) === null) steps.push(accountStep(machine));
  if (configuration !== null) {
    steps.push(writeStep(machine, CONFIGURATION_FILE, configuration, { mode: 0o640, owner: ownedByRoot }));
  }
  steps.push(...(await dataFolderSteps(machine, dataFolder)));
  const changed = [
    ...((await isSameProgram(machine, program)) ? [] : [programStep(machine, program, INSTALLED_PROGRAM)]),
    ...(manager === null ? [] : await serviceSteps(machine, manager, dataFolder)),
  ];
  steps.push(...changed);
  if (steps.length > 0) {
    const files = manager?.files(INSTALLED_PROGRAM, dataFolder).map(({ path }) => path) ?? [];
    steps.push(...(await labelSteps(machine, [INSTALLED_PROGRAM, dirname(CONFIGURATION_FILE), dataFolder, ...files])));
  }
  if (manager !== null && !(await exists(machine, manager.enabledPath))) steps.push(manager.enable(machine));
  const [before, after] = starting === null ? [[], []] : await startSteps(machine, starting, steps.length > 0);
  const old = oldOf(INSTALLED_PROGRAM);
  const isReplaced = changed.length > 0 && (await exists(machine, INSTALLED_PROGRAM));
  const rest = isReplaced || (await exists(machine, old)) ? [removeStep(machine, [old])] : [];
  return [...before, ...steps, ...after, ...rest];
}

async function dataFolderSteps(machine: Machine, folder: string): Promise<readonly Step[]> {
  const owner = () => accountOf(machine);
  const found = await lstat(pathOn(machine, folder)).catch((error: unknown) => {
    if (isNotFound(error)) return null;
    throw error;
  });
  if (found === null) return [folderStep(machine, folder, { mode: 0o700, owner })];
  if (!found.isDirectory()) throw new InstallationError(`${folder} is to keep the images, but it is no folder`);
  if (found.uid === (await findAccount(machine))?.uid) return [];
  const entries = await readdir(pathOn(machine, folder));
  // A disk's own folder lies on every new ext4.
  if (entries.some((name) => name !== "lost+found") && !entries.includes("store.json")) {
    throw new InstallationError(
      `${folder} is to keep the images, but it holds other files that are not larder's; choose another folder with --data, or give it away first: chown -R larder: ${folder}`,
    );
  }
  return [giveAwayStep(machine, folder, owner)];
}

/** Every text that larder writes says whose it is; what somebody else wrote under that name is not touched. */
const MARK = "# larder's service.";

async function serviceSteps(machine: Machine, manager: ServiceManager, dataFolder: string): Promise<readonly Step[]> {
  const steps: Step[] = [];
  for (const { path, content, mode, isSettings } of manager.files(INSTALLED_PROGRAM, dataFolder)) {
    const there = await readText(machine, path);
    if (there === content || (there !== null && isSettings === true)) continue;
    if (there !== null && content.includes(MARK) && !there.includes(MARK)) {
      throw new InstallationError(`${path} is there, and not of larder's making; move it away, then install again`);
    }
    steps.push(writeStep(machine, path, content, { mode }));
  }
  return steps;
}

async function isSameProgram(machine: Machine, program: string): Promise<boolean> {
  const target = pathOn(machine, INSTALLED_PROGRAM);
  const [own, there] = [Bun.file(program), Bun.file(target)];
  if (!(await there.exists()) || own.size !== there.size) return false;
  const [a, b] = await Promise.all([hashOf(program), hashOf(target)]);
  return a === b && (await lstat(target)).isFile();
}

async function hashOf(path: string): Promise<string> {
  const hash = new Bun.CryptoHasher("sha256");
  for await (const chunk of Bun.file(path).stream()) hash.update(chunk);
  return hash.digest("hex");
}
