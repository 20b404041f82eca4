import type { SettingsStore } from "../../storage/settings.ts";
import type { BestEffortWrites } from "./best-effort-writes.ts";
import type { Upstreams } from "./upstreams.ts";

const KEY = "offline";

/**
 * Switches larder offline, so that no upstream registry is contacted, and back. A switch while larder runs survives a
 * restart. A configuration that says offline holds at each start whatever was switched; one that does not say so never
 * switches larder online.
 */
export class OfflineSwitch {
  readonly #upstreams: Upstreams;
  readonly #settings: SettingsStore;
  readonly #bestEffort: BestEffortWrites;

  constructor(upstreams: Upstreams, settings: SettingsStore, bestEffort: BestEffortWrites) {
    this.#upstreams = upstreams;
    this.#settings = settings;
    this.#bestEffort = bestEffort;
    settings.subscribe((key, value) => {
      if (key === KEY && value !== null) upstreams.offline = value === true;
    });
  }

  /** To be called before the first request. */
  async start(configured: boolean): Promise<void> {
    const isSwitched = (await this.#settings.get(KEY)) === true;
    this.#upstreams.offline = configured || isSwitched;
    if (configured) await this.#keep(null);
  }

  /** The configuration has changed: it says the last word now. */
  async configure(offline: boolean): Promise<void> {
    this.#upstreams.offline = offline;
    await this.#keep(null);
  }

  /** Takes effect at once, also where it cannot be written down, for want of space: then it does not outlast this run. */
  async switch(offline: boolean): Promise<void> {
    this.#upstreams.offline = offline;
    await this.#keep(offline);
  }

  async #keep(value: boolean | null): Promise<void> {
    if ((await this.#settings.get(KEY)) === value) return;
    await this.#bestEffort.attempt("whether larder is offline", () => this.#settings.set(KEY, value));
  }
}
