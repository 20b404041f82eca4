import { exists } from "./file-steps.ts";
import type { Machine } from "./machine.ts";
import type { Step } from "./perform-steps.ts";

/** Gives files the labels that SELinux's policy has for their places; nothing where the machine has no SELinux. */
export async function labelSteps(machine: Machine, paths: readonly string[]): Promise<readonly Step[]> {
  if (!machine.isRunning || paths.length === 0 || !(await exists(machine, "/sys/fs/selinux/enforce"))) return [];
  const step: Step = {
    what: "have SELinux label the files (restorecon)",
    perform: async () => {
      // Where the program is missing, files have the labels of their folders, which are these but for odd policies.
      await machine.run(["restorecon", "-R", ...paths]);
      return null;
    },
  };
  return [step];
}
