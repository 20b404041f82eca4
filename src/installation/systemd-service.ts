import { linkStep, removeStep } from "./file-steps.ts";
import { mustRun } from "./machine.ts";
import { DATA_FOLDER } from "./places.ts";
import type { ServiceFile, ServiceManager } from "./service-manager.ts";
import { systemdUnit } from "./systemd-unit.ts";

const FOLDER = "/etc/systemd/system";
const UNIT = "larder.service";
const PATH = `${FOLDER}/${UNIT}`;
const DROP_IN = `${PATH}.d/data-folder.conf`;
const WANTED = `${FOLDER}/multi-user.target.wants/${UNIT}`;

/** Services of systemd. */
export const SYSTEMD: ServiceManager = {
  name: "systemd",
  files: (program, dataFolder) => {
    const unit: ServiceFile = { path: PATH, content: systemdUnit({ program, documentation: null }), mode: 0o644 };
    if (dataFolder === DATA_FOLDER) return [unit];
    return [unit, { path: DROP_IN, content: dataFolderDropIn(dataFolder), mode: 0o644 }];
  },
  paths: [PATH, `${PATH}.d`, WANTED],
  enabledPath: WANTED,
  enable: (machine) =>
    machine.isRunning
      ? {
          what: `systemctl enable ${UNIT}`,
          perform: async () => {
            await mustRun(machine, ["systemctl", "daemon-reload"]);
            await mustRun(machine, ["systemctl", "enable", "--quiet", UNIT]);
            return async () => {
              await machine.run(["systemctl", "disable", "--quiet", UNIT]);
            };
          },
        }
      : linkStep(machine, WANTED, PATH),
  disable: (machine) =>
    machine.isRunning
      ? {
          what: `systemctl disable --now ${UNIT}`,
          perform: async () => {
            // One that is not there need not be stopped.
            await machine.run(["systemctl", "disable", "--now", "--quiet", UNIT]);
            return null;
          },
        }
      : removeStep(machine, [WANTED]),
  forget: (machine) =>
    machine.isRunning
      ? [
          {
            what: "systemctl daemon-reload",
            perform: async () => {
              await mustRun(machine, ["systemctl", "daemon-reload"]);
              await machine.run(["systemctl", "reset-failed", "--quiet", UNIT]);
              return null;
            },
          },
        ]
      : [],
  control: {
    isActive: async (machine) => (await machine.run(["systemctl", "is-active", "--quiet", UNIT]))?.status === 0,
    start: async (machine) => {
      await mustRun(machine, ["systemctl", "daemon-reload"]);
      await machine.run(["systemctl", "reset-failed", UNIT]);
      await mustRun(machine, ["systemctl", "restart", UNIT]);
    },
    stop: async (machine) => {
      await mustRun(machine, ["systemctl", "stop", UNIT]);
    },
    lastWords: async (machine) => {
      const argv = ["journalctl", "--no-pager", "--quiet", "--lines=10", "--output=cat", `--unit=${UNIT}`];
      return (await machine.run(argv))?.words.trim() ?? "";
    },
    hints: [
      ["systemctl status larder", "does it run?"],
      ["journalctl -u larder -f", "its log (-p warning: what matters)"],
      ["systemctl reload larder", "has larder.yaml read again"],
    ],
  },
};

/** Images that are kept elsewhere: the folder stays writable, and larder waits for its disk. */
function dataFolderDropIn(dataFolder: string): string {
  const path = quoted(dataFolder);
  return `# The data folder of larder.yaml.
[Unit]
RequiresMountsFor=${path}

[Service]
ReadWritePaths=${path}
${/^\/(?:home|root|run\/user)(?:\/|$)/.test(dataFolder) ? `ProtectHome=tmpfs\nBindPaths=${path}\n` : ""}`;
}

/** A path as it stands in a unit: percent signs and quotes would mean something else (systemd.unit(5), systemd.syntax(7)). */
function quoted(path: string): string {
  const escaped = path.replaceAll("%", "%%").replaceAll("\\", "\\\\").replaceAll('"', '\\"');
  return /[\s"'\\]/.test(path) ? `"${escaped}"` : escaped;
}
