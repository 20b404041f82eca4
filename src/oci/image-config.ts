import { JsonTooComplex, jsonSteps } from "../lib/text/json-steps.ts";
import { normalizePlatform, type Platform } from "./platform.ts";

/** The largest config that is read, in bytes. */
export const CONFIG_LIMIT_BYTES = 4 << 20;

/** Is this the media type of a config that is worth reading: JSON? */
export function isJsonType(mediaType: string): boolean {
  return mediaType.endsWith("json");
}

/**
 * Parses a config, in steps. Null when it is not JSON, since an artifact's config may be anything, or takes too long
 * to parse.
 */
export function* configSteps(bytes: Uint8Array): Generator<void, unknown, void> {
  try {
    return yield* jsonSteps(new TextDecoder().decode(bytes));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof JsonTooComplex) return null;
    throw error;
  }
}

/** The platform that an image's config names; null when it names none. Source: image-spec v1.1.1, config.md. */
export function platformOfConfig(config: unknown): Platform | null {
  if (config === null || typeof config !== "object") return null;
  const { os, architecture, variant, ...more } = config as Record<string, unknown>;
  if (!isText(os) || !isText(architecture)) return null;
  const [osVersion, osFeatures] = [more["os.version"], more["os.features"]];
  return normalizePlatform({
    os,
    architecture,
    ...(isText(variant) ? { variant } : {}),
    ...(isText(osVersion) ? { osVersion } : {}),
    ...(Array.isArray(osFeatures) && osFeatures.length > 0 && osFeatures.every(isText) ? { osFeatures } : {}),
  });
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
