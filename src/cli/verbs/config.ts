import { Command } from "commander";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { judgeConfiguration } from "../../server/judge-configuration.ts";
import { misspeltVariables } from "../../server/settings/environment-settings.ts";
import { type EffectiveRow, effectiveRows } from "../../server/settings/effective-rows.ts";
import { describeOrigin } from "../../server/settings/given-settings.ts";
import type { SettingSources } from "../../server/sources/read-settings.ts";
import { configCheckResult, configResult } from "../json/server-results.ts";
import { writeJson } from "../json/write-json.ts";
import { addSettingFlags, readSettingsOrFail, sourcesOf } from "../setting-flags.ts";
import { type Column, formatTable } from "../table.ts";
import { describeFailure } from "../../lib/failures/describe-failure.ts";

/** A server, by the words that start it, and where its settings are said beyond flags, variables and larder.yaml. */
type ConfiguredServer = {
  readonly words: string;
  readonly sources: (said: SettingSources) => SettingSources | Promise<SettingSources>;
};

const SERVE: ConfiguredServer = { words: "larder serve", sources: (said) => said };

/** `larder config`: the settings that a server would have, and where each comes from; `check` judges a file. */
export function configCommand(io: CommandIo, { words, sources }: ConfiguredServer = SERVE): Command {
  const command = new Command("config")
    .summary("show the settings that hold")
    .description(
      `Show the settings that \`${words}\` would have with the same flags and variables, each with the place where it was\n` +
        "said: a flag, a variable, a line of larder.yaml, or nowhere (default). Secrets are masked.",
    )
    .option("--json", "as JSON")
    .action(async () => {
      const rows = effectiveRows(await readSettingsOrFail(await sources(sourcesOf(command, io.environment))));
      for (const { name, meant } of misspeltVariables(io.environment)) {
        io.stderr.write(`larder: ${name} is no variable of larder's, and says nothing; did you mean ${meant}?\n`);
      }
      const { json } = command.opts<{ readonly json?: true }>();
      if (json === true) writeJson(io.stdout, configResult, rows.map(jsonOf));
      else io.stdout.write(tableOf(rows, io.stdout.columns ?? null));
    });
  return addSettingFlags(command).addCommand(checkCommand(io));
}

function checkCommand(io: CommandIo): Command {
  const command = new Command("check")
    .summary("say all that is wrong with a larder.yaml")
    .description(
      "Say all that is wrong with a larder.yaml, each with its line: unknown keys, values that say nothing, settings that\n" +
        "contradict each other, files that cannot be read, addresses that this machine does not have.\n" +
        "Exit with 0 when a server can be started with it, with 1 when not.",
    )
    .argument("<file>", "the larder.yaml")
    .option("--text-only", "look at nothing that it names: it is for another machine")
    .option("--json", "as JSON")
    .action(async (file: string) => {
      // The command above has a flag of that name, and takes it.
      const { textOnly, json } = command.optsWithGlobals<{ readonly textOnly?: true; readonly json?: true }>();
      const problems = await judge(file, textOnly !== true);
      const status = problems.length === 0 ? "good" : "bad";
      if (json === true) writeJson(io.stdout, configCheckResult, { file, status, problems });
      else io.stdout.write(problems.length === 0 ? `${file} is good\n` : `${problems.join("\n")}\n`);
      if (problems.length > 0) throw new CommandFailure(1, "");
    });
  return command;
}

async function judge(file: string, isForHere: boolean): Promise<readonly string[]> {
  try {
    return await judgeConfiguration(file, isForHere);
  } catch (error) {
    return [describeFailure(error)];
  }
}

const COLUMNS: readonly Column[] = [
  { title: "KEY", kind: "fact" },
  { title: "VALUE", kind: "name" },
  { title: "SAID BY", kind: "name" },
];

function tableOf(rows: readonly EffectiveRow[], columns: number | null): string {
  const cells = rows.map(({ key, words, origin }) => [key, words, describeOrigin(origin)]);
  return formatTable(COLUMNS, cells, columns);
}

function jsonOf({ key, value, origin, needsRestart }: EffectiveRow) {
  return { key, value, origin, needsRestart };
}
