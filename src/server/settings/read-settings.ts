import { parseConfiguration } from "./configuration-file.ts";
import { ConfigurationError } from "./configuration-error.ts";
import { contradictionsOf, contradictionsWithin } from "./contradictions.ts";
import { ownVariables, registryVariables } from "./environment-settings.ts";
import { fullKey, type Given, type GivenSettings, mergeGiven } from "./given-settings.ts";
import { readSettingFile } from "./read-setting-file.ts";
import { ROWS } from "./settings-table.ts";
import { type Settings, settingsFrom } from "./settings.ts";
import { readTexts } from "./text-settings.ts";
import { describeFailure } from "../../lib/failures/describe-failure.ts";

/** The settings that hold, and the values that were given for them. */
export type EffectiveSettings = { readonly settings: Settings; readonly given: GivenSettings };

/** The values of flags, by their names without dashes; a switch is true. */
export type FlagValues = ReadonlyMap<string, readonly string[] | true>;

/** The sources that settings are read from. */
export type SettingSources = {
  /** The path of larder.yaml; null: there is none. */
  readonly file: string | null;
  readonly flags: FlagValues;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What holds in place of the table's defaults; each with the origin "default". */
  readonly defaults?: GivenSettings;
};

/**
 * Reads the settings from all sources: flags win over larder's variables, these over registry:2's, these over the
 * file, and that over the defaults. Throws ConfigurationError with every problem.
 */
export async function readSettings({ file, flags, environment, defaults }: SettingSources): Promise<EffectiveSettings> {
  const problems: string[] = [];
  const fromFile = await readFile(file, problems);
  const fromVariables = mergeGiven([
    registryVariables(environment, problems),
    await ownVariables(environment, problems),
  ]);
  const layers = [fromFile, fromVariables, await settingsOfFlags(flags, problems)];
  problems.push(...layers.flatMap(contradictionsWithin));
  const given = mergeGiven([defaults ?? new Map(), ...layers]);
  const settings = settingsFrom(given);
  if (problems.length === 0) problems.push(...contradictionsOf(settings, given));
  if (problems.length > 0) throw new ConfigurationError(problems);
  return { settings, given };
}

async function readFile(path: string | null, problems: string[]): Promise<GivenSettings> {
  if (path === null) return new Map();
  try {
    const file = parseConfiguration(await readSettingFile(path), path);
    problems.push(...file.problems);
    return file.given;
  } catch (error) {
    problems.push(describeFailure(error));
    return new Map();
  }
}

async function settingsOfFlags(flags: FlagValues, problems: string[]): Promise<GivenSettings> {
  const given = new Map<string, Given>();
  for (const [key, { flag }] of ROWS) {
    const name = /--[\w-]+/.exec(flag ?? "")?.[0];
    const said = name === undefined ? undefined : flags.get(name.slice(2));
    if (name === undefined || said === undefined) continue;
    const origin = { kind: "flag", name } as const;
    const all =
      said === true ? [{ key, host: null, value: true, origin }] : await readTexts(key, said, origin, problems);
    for (const one of all) given.set(fullKey(one.key, one.host), one);
  }
  return given;
}
