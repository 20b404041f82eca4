import { existsSync } from "node:fs";
import { Command } from "commander";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import type { GivenSettings } from "../../server/settings/given-settings.ts";
import { quoteBriefly } from "../../oci/digest.ts";
import { addSettingFlags, sourcesOf } from "../setting-flags.ts";
import { runServer } from "./serve.ts";

/** Where larder's own settings lie on a machine, and in a container that was given some. */
const OWN_FILE = "/etc/larder/larder.yaml";
/** Where registry:2 keeps its data, and where those who run it have mounted a volume. */
const DATA_FOLDER = "/var/lib/registry";

const DEFAULTS: GivenSettings = new Map([
  ["data", { key: "data", host: null, value: DATA_FOLDER, origin: { kind: "default" } }],
]);

const SHELL = /^(?:ba|da|a)?sh$/;

/**
 * `larder registry`, and larder under the name `registry`: the words of the program that registry:2 runs. `onHangup` as
 * in `serveCommand`.
 */
export function registryCommand(io: CommandIo, onHangup: (callback: () => void) => void): Command {
  return new Command("registry")
    .description(
      "Run the registry in the place of registry:2, with its words, its variables and its data folder.\n" +
        "Without a word it serves; larder's other verbs can be said behind it, too: registry ls.",
    )
    .addCommand(serveCommand(io, onHangup), { isDefault: true });
}

function serveCommand(io: CommandIo, onHangup: (callback: () => void) => void): Command {
  const command = new Command("serve")
    .summary("run it; what no word says is this")
    .description(
      `Run the registry. Settings come from the flags, the variables, and the file; without one from ${OWN_FILE}\n` +
        `where there is one. Images are kept in ${DATA_FOLDER} when none of them says where.`,
    )
    .argument("[file]", "a larder.yaml")
    .action(async (file: string | undefined) => {
      const sources = sourcesOf(command, io.environment);
      await runServer(io, { ...sources, file: fileOf(file, sources.file), defaults: DEFAULTS }, onHangup);
    });
  return addSettingFlags(command);
}

/** The file of the settings: of the argument, or else of the flag or the variable, or else larder's own if there is one. */
function fileOf(argument: string | undefined, said: string | null): string | null {
  if (argument === undefined) return said ?? (existsSync(OWN_FILE) ? OWN_FILE : null);
  if (existsSync(argument) || /[./]/.test(argument)) return argument;
  const why = SHELL.test(argument)
    ? "there is no shell here"
    : `${quoteBriefly(argument)} is neither a file of settings nor a verb`;
  throw new CommandFailure(2, `${why}; larder --help lists the verbs`);
}
