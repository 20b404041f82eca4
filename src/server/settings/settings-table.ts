/**
 * Everything that a server can be told, one row a setting: flags, variables, the keys of larder.yaml, `larder config` and
 * docs/configuration.md come from here. A new setting is a row beside those of its topic (`settings-of-….ts`) and a line in settings.ts.
 */
import { ACCESS_SETTINGS } from "./settings-of-access.ts";
import { HOUSEKEEPING_SETTINGS } from "./settings-of-housekeeping.ts";
import { LISTENER_SETTINGS } from "./settings-of-listeners.ts";
import { LOG_SETTINGS } from "./settings-of-the-log.ts";
import { NOTIFICATION_SETTINGS } from "./settings-of-notifications.ts";
import { REGISTRY_SETTINGS } from "./settings-of-the-registry.ts";
import { TRACING_SETTINGS } from "./settings-of-tracing.ts";
import type { Setting } from "./setting.ts";
import { printPlain } from "./shapes.ts";

/**
 * The settings by their keys in larder.yaml, in the order of the help. A dot leads into a group; HOST is the name of a
 * registry.
 */
export const SETTINGS = {
  ...LISTENER_SETTINGS,
  ...REGISTRY_SETTINGS,
  ...ACCESS_SETTINGS,
  ...NOTIFICATION_SETTINGS,
  ...TRACING_SETTINGS,
  ...HOUSEKEEPING_SETTINGS,
  ...LOG_SETTINGS,
} as const;

/** A key of the table of settings. */
export type SettingKey = keyof typeof SETTINGS;

/** The type of a setting's value; null when nothing was given and there is no default. */
export type ValueOf<Key extends SettingKey> = (typeof SETTINGS)[Key] extends Setting<infer T> ? T : never;

/** The table's rows, in its order. */
export const ROWS: readonly (readonly [SettingKey, Setting])[] = Object.entries(
  SETTINGS,
) as unknown as readonly (readonly [SettingKey, Setting])[];

/**
 * Groups that are taken from one source as a whole: a certificate's file from here does not go with a key from there.
 */
export const WHOLE_GROUPS: readonly string[] = ["tls."];

/** The variable of a setting: `LARDER_GC_GRACE` of `gc.grace`. Those that a file alone says have none. */
export function variableOf(key: SettingKey): string {
  const words = key
    .replace(".HOST.", ".")
    .replaceAll(/([A-Z])|\./g, (_, capital: string | undefined) => `_${capital ?? ""}`);
  return `LARDER_${words.toUpperCase()}`;
}

/** A setting's default for people; null when there is none worth printing. */
export function defaultWordsOf(setting: Setting): string | null {
  if (setting.defaultWords !== null) return setting.defaultWords;
  if (setting.default === null) return null;
  return printPlain(setting.shape.toPlain(setting.default)) || null;
}
