import { formatPlatform, type Platform, tryParsePlatform } from "./platform.ts";
import { RegistryError } from "./registry-error.ts";

/**
 * A selection of an index's images: `all` of them, attestations included; `only` those for these platforms, each of
 * which there must be; or the one that a client of the platform `prefer` would take. An image that is no index must be
 * for what `only` names, and is taken as it is by `prefer`, as clients do that pull for the machine they run on.
 */
export type PlatformSelection =
  | { readonly kind: "all" }
  | { readonly kind: "only"; readonly platforms: readonly Platform[] }
  | { readonly kind: "prefer"; readonly platform: Platform };

/** Every image of an index. */
export const ALL_PLATFORMS: PlatformSelection = { kind: "all" };

/** A selection as the admin API has it, with platforms by their names. */
export type SelectionText = "all" | readonly string[] | { readonly prefer: string };

/** So much of a name that is no platform is repeated. */
const NAME_LENGTH = 80;

/** Parses a selection. Throws BAD_REQUEST for what is no platform. */
export function parseSelection(text: SelectionText): PlatformSelection {
  if (text === "all") return ALL_PLATFORMS;
  if ("prefer" in text) return { kind: "prefer", platform: parsePlatform(text.prefer) };
  return { kind: "only", platforms: text.map(parsePlatform) };
}

/** Formats a selection, as `parseSelection` reads it. */
export function formatSelection(selection: PlatformSelection): SelectionText {
  switch (selection.kind) {
    case "all":
      return "all";
    case "only":
      return selection.platforms.map(formatPlatform);
    case "prefer":
      return { prefer: formatPlatform(selection.platform) };
    default:
      return selection satisfies never;
  }
}

/** The platforms that a selection wants; null when it wants all. */
export function wantedOf(selection: PlatformSelection): readonly Platform[] | null {
  switch (selection.kind) {
    case "all":
      return null;
    case "only":
      return selection.platforms;
    case "prefer":
      return [selection.platform];
    default:
      return selection satisfies never;
  }
}

function parsePlatform(text: string): Platform {
  const platform = tryParsePlatform(text);
  if (platform !== null) return platform;
  throw new RegistryError(
    "BAD_REQUEST",
    `${JSON.stringify(text.slice(0, NAME_LENGTH))} is not a platform such as linux/arm64`,
  );
}
