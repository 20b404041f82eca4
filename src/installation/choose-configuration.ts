import { isDeepStrictEqual } from "node:util";
import type { EffectiveSettings } from "../server/settings/effective-settings.ts";
import { type FlagValues, readSettings } from "../server/sources/read-settings.ts";
import { fullKey, type Given } from "../server/settings/given-settings.ts";
import { readSettingFile } from "../server/settings/read-setting-file.ts";
import { SETTINGS } from "../server/settings/settings-table.ts";
import type { Setting } from "../server/settings/setting.ts";
import { commentedConfiguration } from "./commented-configuration.ts";
import { readText } from "./file-steps.ts";
import { InstallationError, type Machine, pathOn } from "./machine.ts";
import { CONFIGURATION_FILE, DATA_FOLDER } from "./places.ts";

/** What larder is to be told on the machine. */
export type ChosenConfiguration = {
  /** The text of larder.yaml; null: the machine has one, which stays as it is. */
  readonly text: string | null;
  /** The file in which that text, or the one that stays, can be judged; null: it is in no file yet. */
  readonly path: string | null;
  readonly effective: EffectiveSettings;
};

/** What somebody asks for: flags of `larder serve`, or a whole file. */
export type AskedConfiguration = { readonly flags: FlagValues; readonly file: string | null };

/**
 * Chooses the machine's larder.yaml: the one that is there, which is never changed, else the file that is asked for, else one that
 * says what the flags say. Throws ConfigurationError, and InstallationError when what is there says something else.
 */
export async function chooseConfiguration(
  machine: Machine,
  { flags, file }: AskedConfiguration,
): Promise<ChosenConfiguration> {
  if (file !== null && flags.size > 0) {
    throw new InstallationError("say everything in the file that --config names, or everything by flags");
  }
  const there = await readText(machine, CONFIGURATION_FILE);
  const asked = await readSettings({ file, flags, environment: {} });
  if (there === null) {
    const text = file === null ? commentedConfiguration(asked.given) : await readSettingFile(file);
    const effective = file === null ? withDataFolder(asked) : asked;
    return checked({ text, path: file, effective });
  }
  const path = pathOn(machine, CONFIGURATION_FILE);
  const effective = await readSettings({ file: path, flags: new Map(), environment: {} });
  const missing = [...asked.given.values()].filter((one) => !isSaid(effective, one));
  if (missing.length > 0) {
    const keys = missing.map(({ key, host }) => fullKey(key, host)).join(", ");
    throw new InstallationError(
      `${CONFIGURATION_FILE} is there, and is never overwritten; it does not say what you ask for (${keys}): write it there, and run larder install again`,
    );
  }
  return checked({ text: null, path, effective });
}

function withDataFolder({ settings, given }: EffectiveSettings): EffectiveSettings {
  return given.has("data") ? { settings, given } : { settings: { ...settings, data: DATA_FOLDER }, given };
}

function isSaid({ given }: EffectiveSettings, { key, host, value }: Given): boolean {
  const there = given.get(fullKey(key, host));
  const { shape } = SETTINGS[key] as Setting;
  return there !== undefined && isDeepStrictEqual(shape.toPlain(there.value), shape.toPlain(value));
}

/** A service has no folder of its own that a name could begin at. */
function checked(chosen: ChosenConfiguration): ChosenConfiguration {
  const { data } = chosen.effective.settings;
  if (data.startsWith("/")) return chosen;
  throw new InstallationError(
    `a service keeps its images in a folder that is named from / on, not in ${data}: say data: ${DATA_FOLDER} in ${chosen.path ?? CONFIGURATION_FILE}`,
  );
}
