import type { Machine } from "./machine.ts";
import type { Step } from "./perform-steps.ts";

/** A text that tells a service manager of larder. */
export type ServiceFile = {
  readonly path: string;
  readonly content: string;
  readonly mode: number;
  /** Is it for people to change? Then it is written once, and stays until everything is removed. */
  readonly isSettings?: true;
};

/** What starts services on a machine. */
export interface ServiceManager {
  readonly name: "systemd" | "OpenRC";
  /** The files that make a service of `program`, whose data folder is that one. */
  files(program: string, dataFolder: string): readonly ServiceFile[];
  /** All that may be there of the service besides people's settings of it. */
  readonly paths: readonly string[];
  /** What is there once it is started with the machine. */
  readonly enabledPath: string;
  /** Has it started with the machine from now on; undone, it is not any more. */
  enable(machine: Machine): Step;
  /** Stops the service and forgets it. Its files are still there. */
  disable(machine: Machine): Step;
  /** What is left to do once its files are gone. */
  forget(machine: Machine): readonly Step[];
  /** The service as it is now. */
  readonly control: ServiceControl;
}

/** A service that can be started and stopped. Failures are InstallationErrors. */
interface ServiceControl {
  isActive(machine: Machine): Promise<boolean>;
  /** Starts it; anew, when it runs. */
  start(machine: Machine): Promise<void>;
  stop(machine: Machine): Promise<void>;
  /** What it said last. */
  lastWords(machine: Machine): Promise<string>;
  /** For people: how to look at it, read its log, and have its settings read again. */
  readonly hints: readonly (readonly [command: string, effect: string])[];
}
