import type { GivenSettings } from "./given-settings.ts";
import type { Settings } from "./settings.ts";

/** The settings that hold, and the values that were given for them. */
export type EffectiveSettings = {
  readonly settings: Settings;
  readonly given: GivenSettings;
};
