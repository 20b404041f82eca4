import { type Command, Option } from "commander";
import { type ChartOptions, ChartOptionError } from "../discovery/helm/chart-options.ts";
import { CommandFailure } from "../lib/command/command-io.ts";

/** The flags that `addChartOptions` adds, as commander passes them on. */
export type ChartFlags = {
  readonly helm?: "3" | "4";
  readonly values?: readonly string[];
  readonly set?: readonly string[];
  readonly setString?: readonly string[];
};

/** Adds the options on how charts are read, by the names that they have in `helm template`. */
export function addChartOptions(command: Command): Command {
  const collect = (value: string, previous: readonly string[] | undefined) => [...(previous ?? []), value];
  return command
    .addOption(
      new Option("--helm <major>", "whose rules hold for charts (default: the installed helm's, else 4)").choices([
        "3",
        "4",
      ]),
    )
    .option("-f, --values <file>", "values for charts, as for helm template; repeatable", collect)
    .option("--set <key=value>", "a value for charts, over the files; repeatable", collect)
    .option("--set-string <key=value>", "the same, as text", collect);
}

/** What the flags say. */
export function chartOptionsOf({ helm, values = [], set = [], setString = [] }: ChartFlags): ChartOptions {
  return { helm: helm === undefined ? null : helm === "3" ? 3 : 4, valuesFiles: values, set, setString };
}

/** Does `work`; values that cannot be read are wrong usage. */
export async function readingValues<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof ChartOptionError) throw new CommandFailure(2, error.message, { cause: error });
    throw error;
  }
}
