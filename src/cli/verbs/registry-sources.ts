import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { CommandFailure } from "../../lib/command/command-io.ts";
import { describeFailure } from "../../lib/failures/describe-failure.ts";
import { quoteBriefly } from "../../oci/digest.ts";
import { readSettingFile } from "../../server/settings/read-setting-file.ts";
import type { SettingSources } from "../../server/sources/read-settings.ts";

/** Where larder's own settings lie on a machine, and in a container that was given some. */
const OWN_FILE = "/etc/larder/larder.yaml";
/** Where the images registry:2 and registry:3 have their configuration, and people mount theirs. */
export const CONFIG_FILES: readonly string[] = ["/etc/docker/registry/config.yml", "/etc/distribution/config.yml"];

const SHELL = /^(?:ba|da|a)?sh$/;

/**
 * The sources of the settings where larder is called as registry:2 is, with this file as its argument: the one that has a version is
 * a config.yml, any other a larder.yaml. Throws a CommandFailure for what is no file.
 */
export async function registrySources(file: string | undefined, said: SettingSources): Promise<SettingSources> {
  const isConfig = file !== undefined && (await isConfigYml(file));
  const own = file === undefined || isConfig ? (said.file ?? (existsSync(OWN_FILE) ? OWN_FILE : null)) : file;
  // A file that is named takes the place of the usual one, whichever of the two kinds it is.
  const config = isConfig ? file : file === undefined ? usualConfig(said) : null;
  return { ...said, file: own, asRegistry: { config } };
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
    const text = await readSettingFile(path);
    // One that was emptied by accident must not come to mean an open registry: as a config.yml it is refused.
    return /(?:^|[{,\s])["']?version["']?\s*:/m.test(text) || saysNothing(text);
  } catch (error) {
    throw new CommandFailure(2, describeFailure(error), { cause: error });
  }
}

/** Blank lines, comments and the marks of documents alone. */
function saysNothing(text: string): boolean {
  return text.split(/[\r\n]/).every((line) => /^\s*(?:#|$|---\s*$|\.\.\.\s*$)/.test(line));
}
