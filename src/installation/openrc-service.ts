import { exists, linkStep, readText, removeStep } from "./file-steps.ts";
import { type Machine, mustRun } from "./machine.ts";
import { OPENRC_LOG, openrcConfiguration, openrcScript } from "./openrc-script.ts";
import type { ServiceManager } from "./service-manager.ts";

const SCRIPT = "/etc/init.d/larder";
const CONFIGURATION = "/etc/conf.d/larder";
const ENABLED = "/etc/runlevels/default/larder";

/** OpenRC calls a service that does not exist a running one, when it is asked to mind no missing ones. */
async function isActive(machine: Machine): Promise<boolean> {
  return (await exists(machine, SCRIPT)) && (await machine.run(["rc-service", "larder", "status"]))?.status === 0;
}

/** Services of OpenRC. */
export const OPENRC: ServiceManager = {
  name: "OpenRC",
  files: (program, dataFolder) => [
    { path: SCRIPT, content: openrcScript({ program }), mode: 0o755 },
    { path: CONFIGURATION, content: openrcConfiguration(dataFolder), mode: 0o644, isSettings: true },
  ],
  paths: [SCRIPT, ENABLED],
  enabledPath: ENABLED,
  enable: (machine) =>
    machine.isRunning
      ? {
          what: "rc-update add larder default",
          perform: async () => {
            await mustRun(machine, ["rc-update", "add", "larder", "default"]);
            return async () => {
              await machine.run(["rc-update", "del", "larder", "default"]);
            };
          },
        }
      : linkStep(machine, ENABLED, SCRIPT),
  disable: (machine) =>
    machine.isRunning
      ? {
          what: "rc-service larder stop, rc-update del larder",
          perform: async () => {
            // One that is not there need not be stopped.
            await machine.run(["rc-service", "--ifexists", "larder", "stop"]);
            await machine.run(["rc-update", "--all", "del", "larder"]);
            return null;
          },
        }
      : removeStep(machine, [ENABLED]),
  forget: () => [],
  control: {
    isActive,
    start: async (machine) => {
      await mustRun(machine, ["rc-service", "larder", (await isActive(machine)) ? "restart" : "start"]);
    },
    stop: async (machine) => {
      await mustRun(machine, ["rc-service", "larder", "stop"]);
    },
    lastWords: async (machine) => {
      const log = (await readText(machine, OPENRC_LOG)) ?? "";
      return log.trim().split("\n").slice(-10).join("\n");
    },
    hints: [
      ["rc-service larder status", "does it run?"],
      [`tail -f ${OPENRC_LOG}`, "its log"],
      ["rc-service larder reload", "has larder.yaml read again"],
    ],
  },
};
