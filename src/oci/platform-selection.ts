import { fitOf } from "./platform-fit.ts";
import { formatPlatform, isNamedPlatform, normalizePlatform, type Platform, tryParsePlatform } from "./platform.ts";
import { RegistryError } from "./registry-error.ts";

/**
 * Which images of an index are meant: `all` of them, attestations included; `only` those for these platforms, each of
 * which there must be; or the one that `prefer` names. An image that is no index must be for what `only` names, and is
 * taken as it is by `prefer`, as clients do that pull for the machine they run on.
 */
export type PlatformSelection =
  | { readonly kind: "all" }
  | { readonly kind: "only"; readonly platforms: readonly Platform[] }
  | { readonly kind: "prefer"; readonly platform: Platform };

/** Every image of an index. */
export const ALL_PLATFORMS: PlatformSelection = { kind: "all" };

/** A selection as the admin API has it, with platforms by their names. */
export type SelectionText = "all" | readonly string[] | { readonly prefer: string };

/** Something that an index offers; `platform` is null when neither the index nor the image's config names one. */
export type Offer<Item> = { readonly item: Item; readonly platform: Platform | null };

/** Platforms that a message names, and so much of each name: who made the index may have called them anything. */
const NAMED = 20;
const NAME_LENGTH = 80;

/** Reads a selection. Throws BAD_REQUEST for what is no platform. */
export function parseSelection(text: SelectionText): PlatformSelection {
  if (text === "all") return ALL_PLATFORMS;
  if ("prefer" in text) return { kind: "prefer", platform: parsePlatform(text.prefer) };
  return { kind: "only", platforms: text.map(parsePlatform) };
}

/** Writes a selection, as `parseSelection` reads it. */
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

/**
 * Those of the offers that are meant, each once, in the order of the platforms that are wanted: of several that a client
 * would take, its own variant, else the newest older one, else the one that comes first. Attestations are meant by `all`
 * alone. Where no offer has a platform, none is for one platform rather than another, and all are meant. Throws
 * MANIFEST_UNKNOWN, naming what there is, when there is nothing for a platform.
 */
export function choose<Item>(offers: readonly Offer<Item>[], selection: PlatformSelection): readonly Item[] {
  const wanted = wantedOf(selection);
  const isForAll = offers.length > 0 && offers.every(({ platform }) => platform === null);
  if (wanted === null || isForAll) return [...new Set(offers.map(({ item }) => item))];
  return [
    ...new Set(
      wanted.map((platform) => {
        const best = bestOffer(offers, platform);
        if (best === null) throw noSuchPlatform(offers, platform);
        return best;
      }),
    ),
  ];
}

/** The offer that a client of this platform would take; null when there is none. */
export function bestOffer<Item>(offers: readonly Offer<Item>[], wanted: Platform): Item | null {
  const fit = fitOf(wanted);
  let best: { readonly item: Item; readonly rank: number } | null = null;
  for (const { item, platform } of offers) {
    const rank = platform === null ? null : fit(normalizePlatform(platform));
    if (rank !== null && (best === null || rank < best.rank)) best = { item, rank };
  }
  return best?.item ?? null;
}

/** The platforms that are wanted; null when all are. */
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

function noSuchPlatform(offers: readonly Offer<unknown>[], wanted: Platform): RegistryError {
  const known = new Set<string>();
  for (const { platform } of offers) {
    if (platform !== null && isNamedPlatform(platform)) known.add(nameOf(platform));
    if (known.size > NAMED) break;
  }
  const names = [...known].slice(0, NAMED).join(", ");
  const offer = known.size === 0 ? "it names no platforms" : `there are ${names}${known.size > NAMED ? ", …" : ""}`;
  return new RegistryError("MANIFEST_UNKNOWN", `the image has nothing for ${formatPlatform(wanted)}: ${offer}`);
}

/** The beginning of a name, made of beginnings: a message is no reason to put a megabyte together. */
function nameOf({ os, architecture, variant, osVersion }: Platform): string {
  const cut = (text: string) => text.slice(0, NAME_LENGTH);
  const parts = { os: cut(os), architecture: cut(architecture) };
  const details = {
    ...(variant ? { variant: cut(variant) } : {}),
    ...(osVersion ? { osVersion: cut(osVersion) } : {}),
  };
  return formatPlatform({ ...parts, ...details }).slice(0, NAME_LENGTH);
}
