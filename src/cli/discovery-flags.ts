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
    .option("--strict", "no guesses; exit status 3 if not all could be read")
    .option("--fetch", "fetch and read the charts that files name");
  return addChartOptions(described);
}
