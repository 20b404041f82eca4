import { InstallationError, type Machine } from "./machine.ts";
import type { Step } from "./perform-steps.ts";
import type { ServiceManager } from "./service-manager.ts";

/** What starts larder, and how one knows that it has started. */
export type Starting = { readonly manager: ServiceManager; readonly untilItAnswers: () => Promise<void> };

/**
 * The steps before and after those that change the machine: what was there runs on until everything is in its place, and runs again
 * when that does not come up. `isChanged`: there are such steps.
 */
export async function startSteps(
  machine: Machine,
  { manager: { control }, untilItAnswers }: Starting,
  isChanged: boolean,
): Promise<readonly [before: readonly Step[], after: readonly Step[]]> {
  const wasActive = await control.isActive(machine);
  if (wasActive && !isChanged) return [[], []];
  const remember: Step = {
    what: null,
    perform: () => Promise.resolve(async () => (wasActive ? control.start(machine) : undefined)),
  };
  const start: Step = {
    what: wasActive ? "start larder anew" : "start larder",
    perform: async () => {
      try {
        await control.start(machine);
        await untilItAnswers();
      } catch (cause) {
        const said = await control.lastWords(machine);
        // Else it would be started over and over, from files that go now.
        await control.stop(machine).catch(() => {});
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new InstallationError(`larder did not start: ${why}${said === "" ? "" : `\nIt said:\n${said}`}`, {
          cause,
        });
      }
      return () => control.stop(machine);
    },
  };
  return [[remember], [start]];
}
