import { Command } from "commander";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { describeFailure } from "../../lib/failures/describe-failure.ts";
import { provisionHtpasswd } from "../../server/provision-htpasswd.ts";
import type { ReadSettings, SettingSources } from "../../server/sources/read-settings.ts";
import type { Log } from "../../telemetry/log.ts";
import { addSettingFlags, sourcesOf } from "../setting-flags.ts";
import { configCommand } from "./config.ts";
import { garbageCollectCommand } from "./garbage-collect.ts";
import { CONFIG_FILES, registrySources } from "./registry-sources.ts";
import { runServer } from "./serve.ts";

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
    .addCommand(serveCommand(io, onHangup), { isDefault: true })
    .addCommand(configCommand(io, AS_REGISTRY))
    .addCommand(garbageCollectCommand(io));
}

/** Called as registry:2 is, larder has that one's files and defaults. */
const AS_REGISTRY = {
  words: "larder registry serve",
  sources: (said: SettingSources) => registrySources(undefined, said),
};

/** An htpasswd file that registry:2 was told of is made when it is missing, as there. */
async function provision({ given }: ReadSettings, log: Log): Promise<void> {
  const htpasswd = given.get("auth.htpasswd");
  if (typeof htpasswd?.value !== "string") return;
  try {
    await provisionHtpasswd(htpasswd.value, log);
  } catch (error) {
    throw new CommandFailure(1, `${htpasswd.value} cannot be made: ${describeFailure(error)}`, { cause: error });
  }
}

function serveCommand(io: CommandIo, onHangup: (callback: () => void) => void): Command {
  const command = new Command("serve")
    .summary("run it; what no word says is this")
    .description(
      "Run the registry as registry:2 would run: with its config.yml, its variables, and its defaults: everybody may push unless\n" +
        "auth is set, plain names are looked for nowhere else unless proxy is, images are kept in /var/lib/registry. Names with a\n" +
        "registry in front (docker.io/library/alpine) are pulled through. What cannot be honoured is refused by name. Larder's own\n" +
        "flags, variables and larder.yaml count as well, and win.",
    )
    .argument("[file]", `registry:2's config.yml (default: ${CONFIG_FILES.join(" or ")}), or a larder.yaml`)
    .action(async (file: string | undefined) => {
      await runServer(io, await registrySources(file, sourcesOf(command, io.environment)), onHangup, provision);
    });
  return addSettingFlags(command);
}
