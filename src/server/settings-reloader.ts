import type { Log } from "../telemetry/log.ts";
import { ConfigurationError } from "./settings/configuration-error.ts";
import type { EffectiveSettings } from "./settings/effective-settings.ts";
import { planReload } from "./settings/reload-plan.ts";
import type { Settings } from "./settings/settings.ts";

/** What a reloader works on: the settings that hold, how they are read, and how they are applied. */
export type ReloaderOptions = {
  /** What the server was started with. */
  readonly started: EffectiveSettings;
  /** Reads all that is said of the settings now. Throws ConfigurationError. */
  readonly read: () => Promise<EffectiveSettings>;
  /** Makes the settings hold, of which those in `taken` have changed. Throws ConfigurationError, and has changed nothing then. */
  readonly apply: (settings: Settings, taken: readonly string[]) => Promise<void>;
  readonly log: Log;
};

/** Reads the settings again, takes what can change while larder runs, and tells the log what was taken and what was not. */
export class SettingsReloader {
  readonly #options: ReloaderOptions;
  #now: EffectiveSettings;
  #last: Promise<readonly string[]> = Promise.resolve([]);
  #isWaiting = false;

  constructor(options: ReloaderOptions) {
    this.#options = options;
    this.#now = options.started;
  }

  /** Once more, after the one that is going on; several that wait are one. Never fails; problems for which nothing was taken come back. */
  reload(): Promise<readonly string[]> {
    if (this.#isWaiting) return this.#last;
    this.#isWaiting = true;
    this.#last = this.#last.then(() => {
      this.#isWaiting = false;
      return this.#reload();
    });
    return this.#last;
  }

  async #reload(): Promise<readonly string[]> {
    const { read, apply, log } = this.#options;
    try {
      const { next, taken, left } = planReload(this.#now, await read());
      // Files that settings name are looked at anew, too, whatever has become of the settings.
      await apply(next.settings, taken);
      this.#now = next;
      for (const { key, why } of left) {
        log.write("warning", "a setting has changed that needs a restart", { setting: key, why });
      }
      if (taken.length === 0) log.write("info", "the settings were read again; none that can change now has changed");
      else log.write("info", "the settings were read again, and changed", { taken: taken.join(",") });
      return [];
    } catch (error) {
      const problems = error instanceof ConfigurationError ? error.problems : [String(error)];
      for (const problem of problems) log.write("error", "the settings stay as they are", { problem });
      return problems;
    }
  }
}
