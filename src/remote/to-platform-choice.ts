import type { PlatformList } from "../admin/admin.ts";
import { type Platform, tryParsePlatform } from "../oci/platform.ts";
import type { PlatformChoice } from "../registry/pull/image-walk.ts";

/** The platforms of a list of their names, parsed; what is no platform is left out. */
export function toPlatformChoice(platforms: PlatformList): PlatformChoice {
  if (platforms === "all") return "all";
  return platforms.map(tryParsePlatform).filter((platform): platform is Platform => platform !== null);
}
