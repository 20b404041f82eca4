import type { Command } from "commander";
import { addChartOptions, type ChartFlags } from "./chart-flags.ts";

/** The flags that `addDiscoveryOptions` adds, as commander passes them on, with those that say which registry is meant. */
export type DiscoveryFlags = Readonly<Record<string, unknown>> &
  ChartFlags & {
    readonly registry?: string;
    readonly strict?: true;
    readonly fetch?: true;
  };

/** Adds the argument and the options of every command that reads files for the images that they name. */
export function addDiscoveryOptions(command: Command): Command {
  const described = command
    .argument("<path...>", "manifests, charts, lists, Dockerfiles, folders, xcluster overlays, or - for standard input")
    .option(
      "--strict",
      "leave out guesses (arguments, environment variables), and exit with 3 when the list is not whole",
    )
    .option("--fetch", "fetch charts that the files name, through the registry if it has them, and read them as well");
  return addChartOptions(described);
}
