import { exists } from "./file-steps.ts";
import type { Machine } from "./machine.ts";
import { OPENRC } from "./openrc-service.ts";
import type { ServiceManager } from "./service-manager.ts";
import { SYSTEMD } from "./systemd-service.ts";

/** Where the one that runs shows itself, sd_booted(3) and OpenRC's state, and where it lies in an image. */
const SIGNS: readonly (readonly [ServiceManager, running: string, programs: readonly string[]])[] = [
  [SYSTEMD, "/run/systemd/system", ["/usr/lib/systemd/systemd", "/lib/systemd/systemd"]],
  [OPENRC, "/run/openrc", ["/sbin/openrc-run", "/usr/sbin/openrc-run"]],
];

/** What starts services on the machine; null when larder knows nothing that does. */
export async function findServiceManager(machine: Machine): Promise<ServiceManager | null> {
  for (const [manager, running, programs] of SIGNS) {
    for (const path of machine.isRunning ? [running] : programs) if (await exists(machine, path)) return manager;
  }
  return null;
}
