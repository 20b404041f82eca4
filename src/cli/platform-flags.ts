import type { Command } from "commander";
import type { PlatformList } from "../admin/admin.ts";
import { quoteBriefly } from "../oci/digest.ts";
import { formatPlatform, hostPlatform, tryParsePlatform } from "../oci/platform.ts";
import { CommandFailure } from "../lib/command/command-io.ts";

export type PlatformFlags = { readonly platform?: readonly string[]; readonly allPlatforms?: true };

/** The options that say which images of an index are meant. */
export function addPlatformOptions(command: Command): Command {
  const collect = (value: string, previous: readonly string[] | undefined) => [...(previous ?? []), value];
  return command
    .option(
      "--platform <os/arch>",
      `of an image for several platforms this one; repeatable (default ${formatPlatform(hostPlatform())})`,
      collect,
    )
    .option("--all-platforms", "an image for several platforms whole");
}

/** The platforms that the flags name; this machine's without any. Throws a CommandFailure. */
export function platformListOf({ platform = [], allPlatforms }: PlatformFlags): PlatformList {
  if (allPlatforms === true && platform.length > 0) {
    throw new CommandFailure(2, "--platform and --all-platforms contradict each other; give one of them");
  }
  if (allPlatforms === true) return "all";
  if (platform.length === 0) return [formatPlatform(hostPlatform())];
  return platform.map((text) => {
    const parsed = tryParsePlatform(text);
    if (parsed === null) throw new CommandFailure(2, `--platform ${quoteBriefly(text)} is not of the form linux/arm64`);
    return formatPlatform(parsed);
  });
}
