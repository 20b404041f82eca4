import { describeFailure } from "../../lib/failures/describe-failure.ts";
import type { Distribution } from "../distribution/read-distribution.ts";
import { REGISTRY_DATA, registryDefaults } from "../distribution/registry-defaults.ts";
import { ConfigurationError } from "../settings/configuration-error.ts";
import { contradictionsOf, contradictionsWithin } from "../settings/contradictions.ts";
import type { EffectiveSettings } from "../settings/effective-settings.ts";
import { type FromOpenTelemetry, openTelemetryVariables } from "../settings/open-telemetry-variables.ts";
import { ownVariables } from "../settings/environment-settings.ts";
import { fullKey, type Given, type GivenSettings, mergeGiven } from "../settings/given-settings.ts";
import { readSettingFile } from "../settings/read-setting-file.ts";
import { ROWS } from "../settings/settings-table.ts";
import { settingsFrom } from "../settings/settings.ts";
import { readTexts } from "../settings/text-settings.ts";

/** The values of flags, by their names without dashes; a switch is true, and so is one that begins with `no-`. */
export type FlagValues = ReadonlyMap<string, readonly string[] | true>;

/** The sources that settings are read from. */
export type SettingSources = {
  /** The path of larder.yaml; null: there is none. */
  readonly file: string | null;
  readonly flags: FlagValues;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /**
   * Is larder called as registry:2 is, and with which config.yml? Null: it is not. Its defaults are registry:2's then, unless there is
   * a larder.yaml: of those only the data folder is, in which a volume may be mounted.
   */
  readonly asRegistry?: { readonly config: string | null } | null;
};

/** Something about the settings that is worth a line of the log. */
type SettingNotice = { readonly level: "info" | "warning"; readonly message: string };

/** The settings that hold, and what the log should tell of them. */
export type ReadSettings = EffectiveSettings & { readonly notices: readonly SettingNotice[] };

/**
 * Reads the settings from all sources: flags win over larder's variables, these over registry:2's variables and config.yml, these
 * over the file, and that over the defaults. Throws ConfigurationError with every problem.
 */
export async function readSettings(sources: SettingSources): Promise<ReadSettings> {
  const { file, flags, environment, asRegistry = null } = sources;
  const problems: string[] = [];
  const fromFile = await readFile(file, problems);
  const distribution = await readRegistrys(asRegistry?.config ?? null, environment, problems);
  const openTelemetry = openTelemetryVariables(environment);
  const fromVariables = mergeGiven([
    distribution.given,
    openTelemetry.given,
    await ownVariables(environment, problems),
  ]);
  const said = [fromFile, fromVariables, await settingsOfFlags(flags, problems)];
  problems.push(...said.flatMap(contradictionsWithin));
  const above = mergeGiven(said);
  const isOpen = !distribution.implied.has("auth.rules") && ![...above.keys()].some((key) => key.startsWith("auth."));
  const usual = asRegistry === null ? new Map() : file === null ? registryDefaults(isOpen) : REGISTRY_DATA;
  const given = mergeGiven([usual, distribution.implied, above]);
  const settings = settingsFrom(given);
  if (problems.length === 0) problems.push(...contradictionsOf(settings, given));
  if (problems.length > 0) throw new ConfigurationError(problems);
  return {
    settings,
    given,
    notices: [...noticesOf(distribution), ...warningsOf(openTelemetry, settings.tracing !== null)],
  };
}

function noticesOf({ itself, strangers }: Distribution): readonly SettingNotice[] {
  const notices: SettingNotice[] = strangers.map((name) => ({
    level: "warning",
    message: `${name} is no variable of registry:2's, and says nothing here`,
  }));
  if (itself.length > 0) {
    const message = `of registry:2's configuration, larder does by itself, or needs nothing of: ${itself.join(", ")}`;
    notices.push({ level: "info", message });
  }
  return notices;
}

function warningsOf({ warnings, details }: FromOpenTelemetry, isTraced: boolean): readonly SettingNotice[] {
  return [...warnings, ...(isTraced ? details : [])].map((message) => ({ level: "warning", message }));
}

/** What config.yml and registry:2's variables say: nothing, where there are none. */
async function readRegistrys(
  config: string | null,
  environment: SettingSources["environment"],
  problems: string[],
): Promise<Distribution> {
  const isSaid = config !== null || Object.keys(environment).some((name) => name.startsWith("REGISTRY_"));
  if (!isSaid) return { given: new Map(), implied: new Map(), itself: [], strangers: [] };
  const { readDistribution } = await import("../distribution/read-distribution.ts");
  return readDistribution(config, environment, problems);
}

async function readFile(path: string | null, problems: string[]): Promise<GivenSettings> {
  if (path === null) return new Map();
  try {
    // Without a file, a server starts without the reader of YAML.
    const { parseConfiguration } = await import("../settings/configuration-file.ts");
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
      said === true
        ? [{ key, host: null, value: !name.startsWith("--no-"), origin }]
        : await readTexts(key, said, origin, problems);
    for (const one of all) given.set(fullKey(one.key, one.host), one);
  }
  return given;
}
