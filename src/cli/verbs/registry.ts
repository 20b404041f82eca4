import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { Command } from "commander";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { describeFailure } from "../../lib/failures/describe-failure.ts";
import { quoteBriefly } from "../../oci/digest.ts";
import { readSettingFile } from "../../server/settings/read-setting-file.ts";
import type { SettingSources } from "../../server/sources/read-settings.ts";
import { addSettingFlags, sourcesOf } from "../setting-flags.ts";
import { runServer } from "./serve.ts";

/** Where larder's own settings lie on a machine, and in a container that was given some. */
const OWN_FILE = "/etc/larder/larder.yaml";
/** Where the images registry:2 and registry:3 have their configuration, and people mount theirs. */
const CONFIG_FILES = ["/etc/docker/registry/config.yml", "/etc/distribution/config.yml"];

const SHELL = /^(?:ba|da|a)?sh$/;

/**
 * `larder registry`, and larder under the name `registry`: the words of the program that registry:2 runs. `onHangup` as
 * in `serveCommand`.
 */
export function registryCommand(io: CommandIo, onHangup: (callback: () => void) => void): Command {
  return new Command("registry")
    .description(
      "Run the registry in the place of registry:2, with its words, its config.yml, its variables and its data folder\n" +
        "(docs/from-registry-2.md). Without a word it serves; larder's other verbs can be said behind it, too: registry ls.",
    )
    .addCommand(serveCommand(io, onHangup), { isDefault: true });
}

function serveCommand(io: CommandIo, onHangup: (callback: () => void) => void): Command {
  const command = new Command("serve")
    .summary("run it; what no word says is this")
    .description(
      "Run the registry as registry:2 would run: with its config.yml, its variables, and its defaults: everybody may push unless\n" +
        "auth is set, nothing is fetched from other registries unless proxy is, images are kept in /var/lib/registry. What cannot\n" +
        "be honoured is refused by name. Larder's own flags, variables and larder.yaml count as well, and win.",
    )
    .argument("[file]", `registry:2's config.yml (default: ${CONFIG_FILES.join(" or ")}), or a larder.yaml`)
    .action(async (file: string | undefined) => {
      await runServer(io, await registrySources(file, sourcesOf(command, io.environment)), onHangup);
    });
  return addSettingFlags(command);
}

/**
 * The sources of the settings where larder is called as registry:2 is, with this file as its argument: the one that has a version is
 * a config.yml, any other a larder.yaml. Throws a CommandFailure for what is no file.
 */
export async function registrySources(file: string | undefined, said: SettingSources): Promise<SettingSources> {
  const isConfig = file !== undefined && (await isConfigYml(file));
  const own = file === undefined || isConfig ? (said.file ?? (existsSync(OWN_FILE) ? OWN_FILE : null)) : file;
  return { ...said, file: own, asRegistry: { config: isConfig ? file : usualConfig(said) } };
}

/** None where somebody has said a larder.yaml, or names another by registry:2's variable. */
function usualConfig({ file, environment }: SettingSources): string | null {
  if (file !== null || environment["REGISTRY_CONFIGURATION_PATH"]) return null;
  return CONFIG_FILES.find((path) => existsSync(path)) ?? null;
}

async function isConfigYml(path: string): Promise<boolean> {
  if (!existsSync(path) && !/[./]/.test(path)) {
    const why = SHELL.test(path)
      ? "there is no shell here"
      : `${quoteBriefly(path)} is neither a file of settings nor a verb`;
    throw new CommandFailure(2, `${why}; larder --help lists the verbs`);
  }
  try {
    // A pipe can be read once.
    if ((await stat(path)).isFIFO()) return true;
    return /(?:^|[{,\s])["']?version["']?\s*:/m.test(await readSettingFile(path));
  } catch (error) {
    throw new CommandFailure(2, describeFailure(error), { cause: error });
  }
}
