import { type Command, Option } from "commander";
import type { CommandIo } from "../lib/command/command-io.ts";
import { CommandFailure } from "../lib/command/command-io.ts";
import { ConfigurationError } from "../server/settings/configuration-error.ts";
import { type ReadSettings, readSettings, type SettingSources } from "../server/sources/read-settings.ts";
import { defaultWordsOf, ROWS, type SettingKey } from "../server/settings/settings-table.ts";
import type { Setting } from "../server/settings/setting.ts";

type GivenOptions = Readonly<Record<string, string | readonly string[] | boolean | undefined>>;

const SETTING_FLAGS: ReadonlySet<string> = new Set(
  ROWS.flatMap(([, { flag }]) => (flag === null ? [] : [new Option(flag).name()])),
);

/** Adds a flag for each setting that has one, and `--config`, which `configHelp` explains. */
export function addSettingFlags(
  command: Command,
  configHelp = "larder.yaml; flags win over it (also LARDER_CONFIG)",
): Command {
  command.option("--config <file>", configHelp);
  for (const [key, setting] of ROWS) {
    if (setting.flag === null) continue;
    const option = new Option(setting.flag, helpOf(key, setting));
    if (isRepeatable(key, setting)) option.argParser(collect);
    else if (!setting.shape.isSwitch) option.argParser((value: string) => [value]);
    command.addOption(option);
  }
  return command;
}

/** Reads the settings from these sources. Throws a CommandFailure with every problem. */
export async function readSettingsOrFail(sources: SettingSources): Promise<ReadSettings> {
  try {
    return await readSettings(sources);
  } catch (error) {
    if (error instanceof ConfigurationError) throw new CommandFailure(2, error.problems.join("\nlarder: "));
    throw error;
  }
}

/** The sources of the settings for a command with these flags. */
export function sourcesOf(command: Command, environment: CommandIo["environment"]): SettingSources {
  const options = command.opts<GivenOptions>();
  const flags = new Map(
    command.options.flatMap((option) => {
      const value = options[option.attributeName()];
      // A verb's own flags say nothing of settings, least of all those that are on unless somebody says --no-….
      // A switch that turns something off is false when it is given.
      const said = typeof value === "boolean" ? value !== option.negate : Array.isArray(value);
      if (!said || !SETTING_FLAGS.has(option.name())) return [];
      return [[option.name(), typeof value === "boolean" ? true : (value as readonly string[])] as const];
    }),
  );
  const { config } = options;
  return { file: fileOf(typeof config === "string" ? config : undefined, environment), flags, environment };
}

/** The path of the configuration file: the flag's, else the variable's; null: none. */
export function fileOf(flag: string | undefined, environment: CommandIo["environment"]): string | null {
  return flag ?? (environment["LARDER_CONFIG"] || null);
}

function isRepeatable(key: SettingKey, { shape }: Setting): boolean {
  return shape.isList || key.includes(".HOST.");
}

function helpOf(key: SettingKey, setting: Setting): string {
  const words = setting.shape.isSwitch ? null : defaultWordsOf(setting);
  const shown = key === "standIn" || words === null ? "" : ` (default ${words})`;
  return `${setting.help}${isRepeatable(key, setting) ? "; repeatable" : ""}${shown}`;
}

function collect(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value];
}
