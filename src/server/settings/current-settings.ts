import type { Settings } from "./settings.ts";

/** The settings that hold now. Whoever asks here each time, and keeps no copy, follows a reload. */
export class CurrentSettings {
  #now: Settings;

  constructor(settings: Settings) {
    this.#now = settings;
  }

  get now(): Settings {
    return this.#now;
  }

  /** From now on these hold. Work that has begun keeps what it was given. */
  replace(settings: Settings): void {
    this.#now = settings;
  }

  /** What `make` makes of the settings: made anew when they have been replaced, the same object until then. */
  derive<T>(make: (settings: Settings) => T): () => T {
    let from = this.#now;
    let made = make(from);
    return () => {
      if (from !== this.#now) {
        from = this.#now;
        made = make(from);
      }
      return made;
    };
  }
}
