/** What takes away from a machine what `larder install` put there. */
import { findAccount, removeAccountStep } from "./account.ts";
import { exists, oldOf, removeStep } from "./file-steps.ts";
import type { Machine } from "./machine.ts";
import type { Step } from "./perform-steps.ts";
import { CONFIGURATION_FILE, DATA_FOLDER } from "./places.ts";
import { INSTALLED_PROGRAM } from "./plan-install.ts";
import type { ServiceManager } from "./service-manager.ts";
import { dirname } from "node:path";

/**
 * The steps that take larder away. Settings, images and the account that they belong to stay, unless `isPurge`; of images those in
 * /var/lib/larder go, and no others.
 */
export async function planRemoval(
  machine: Machine,
  manager: ServiceManager | null,
  isPurge: boolean,
): Promise<readonly Step[]> {
  const steps: Step[] = [];
  const settings = manager?.files(INSTALLED_PROGRAM, DATA_FOLDER).filter(({ isSettings }) => isSettings === true) ?? [];
  const service = await thereOf(machine, manager?.paths ?? []);
  if (manager !== null && service.length > 0) steps.push(manager.disable(machine));
  const programs = await thereOf(machine, [INSTALLED_PROGRAM, oldOf(INSTALLED_PROGRAM)]);
  const gone = [...service, ...programs];
  if (gone.length > 0) steps.push(removeStep(machine, gone));
  if (manager !== null && service.length > 0) steps.push(...manager.forget(machine));
  if (!isPurge) return steps;
  const kept = [...settings.map(({ path }) => path), dirname(CONFIGURATION_FILE), DATA_FOLDER, "/var/log/larder"];
  const purged = await thereOf(machine, kept);
  if (purged.length > 0) steps.push(removeStep(machine, purged));
  if (machine.isRunning && (await findAccount(machine)) !== null) steps.push(removeAccountStep(machine));
  return steps;
}

async function thereOf(machine: Machine, paths: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const path of paths) if (await exists(machine, path)) found.push(path);
  return found;
}
