import type { Command } from "commander";
import { quoteBriefly } from "../oci/digest.ts";
import { formatPlatform, hostPlatform, tryParsePlatform } from "../oci/platform.ts";
import { ALL_PLATFORMS, type PlatformSelection } from "../oci/platform-selection.ts";
import { CommandFailure } from "../lib/command/command-io.ts";

/** The flags that `addPlatformOptions` adds, as commander passes them on. */
export type PlatformFlags = { readonly platform?: readonly string[]; readonly allPlatforms?: true };

/** Selects this machine's image of an index; an image that is no index is taken as it is. */
export function hostSelection(): PlatformSelection {
  return { kind: "prefer", platform: hostPlatform() };
}

/** Adds the options that select images of an index; without any, this machine's image is selected. */
export function addPlatformOptions(command: Command): Command {
  return addOptions(command, `this one; repeatable (default ${formatPlatform(hostPlatform())})`);
}

/** Adds the same options to a command that takes all images of an index unless some are selected. */
export function addNarrowingOptions(command: Command): Command {
  return addOptions(command, "only this one; repeatable");
}

function addOptions(command: Command, what: string): Command {
  const collect = (value: string, previous: readonly string[] | undefined) => [...(previous ?? []), value];
  return command
    .option("--platform <os/arch>", `of an image for several platforms ${what}`, collect)
    .option("--all-platforms", "an image for several platforms whole");
}

/** The selection that the flags make; `otherwise` without any. Throws a CommandFailure. */
export function selectionOf(
  { platform = [], allPlatforms }: PlatformFlags,
  otherwise: PlatformSelection = hostSelection(),
): PlatformSelection {
  if (allPlatforms === true && platform.length > 0) {
    throw new CommandFailure(2, "--platform and --all-platforms contradict each other; give one of them");
  }
  if (allPlatforms === true) return ALL_PLATFORMS;
  if (platform.length === 0) return otherwise;
  const platforms = platform.map((text) => {
    const parsed = tryParsePlatform(text);
    if (parsed === null) throw new CommandFailure(2, `--platform ${quoteBriefly(text)} is not of the form linux/arm64`);
    return parsed;
  });
  return { kind: "only", platforms };
}
