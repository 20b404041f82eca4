import type { Given, GivenSettings } from "./given-settings.ts";
import type { EffectiveSettings } from "./effective-settings.ts";
import { SETTINGS } from "./settings-table.ts";
import type { Setting } from "./setting.ts";
import { settingsFrom } from "./settings.ts";

/** The outcome of a reload: the settings that hold from now on, and which of those that changed take effect. */
export type ReloadPlan = {
  /** What holds from now on. */
  readonly next: EffectiveSettings;
  /** The full keys of what has changed and takes effect. */
  readonly taken: readonly string[];
  /** Those of what has changed and needs a restart, and why. */
  readonly left: readonly { readonly key: string; readonly why: string }[];
};

/**
 * Compares the settings that hold with those that were read again: what can change while larder runs takes effect, the
 * rest stays as it was until a restart.
 */
export function planReload(before: EffectiveSettings, read: EffectiveSettings): ReloadPlan {
  const given = new Map<string, Given>();
  const taken: string[] = [];
  const left: { key: string; why: string }[] = [];
  for (const [key, any] of [...before.given, ...read.given]) {
    if (given.has(key) || taken.includes(key) || left.some((one) => one.key === key)) continue;
    const setting = SETTINGS[any.key] as Setting;
    const isChanged = textOf(key, setting, before.given) !== textOf(key, setting, read.given);
    const isLeft = isChanged && setting.restart !== null;
    if (setting.restart !== null && isChanged) left.push({ key, why: setting.restart });
    else if (isChanged) taken.push(key);
    const kept = (isLeft ? before : read).given.get(key);
    if (kept !== undefined) given.set(key, kept);
  }
  return { next: { settings: settingsFrom(given), given }, taken, left };
}

/** As it would be written. What was not said has its default; of a registry nothing is the default: it comes and goes. */
function textOf(key: string, { shape, default: usual }: Setting, given: GivenSettings): string {
  const said = given.get(key);
  const value = said === undefined && Object.hasOwn(SETTINGS, key) ? usual : (said?.value ?? null);
  return value === null ? "" : JSON.stringify(shape.toPlain(value));
}
