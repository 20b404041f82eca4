import type { Descriptor } from "./descriptor.ts";
import { type Fit, fitOf } from "./platform-fit.ts";
import { formatPlatform, isNamedPlatform, normalizePlatform, type Platform } from "./platform.ts";
import { type PlatformSelection, wantedOf } from "./platform-selection.ts";
import { RegistryError } from "./registry-error.ts";

/** An image that an index offers; `platform` is null when neither the index nor the image's config names one. */
export type Offer<Item> = { readonly item: Item; readonly platform: Platform | null };

/** Platforms that a message names, and so much of each name: who made the index may have called them anything. */
const NAMED = 20;
const NAME_LENGTH = 80;
/** Offers that are looked at before others may have their turn: they take 100 µs. */
const STEP = 100;

/**
 * Chooses the selected offers, each once, in the order of the wanted platforms: of several that a client would take,
 * its own variant, else the newest older one, else the one that comes first. Attestations are selected by `all` alone.
 * Where no offer has a platform, all are chosen, since none is for one platform rather than another. Throws
 * MANIFEST_UNKNOWN, naming the platforms that there are, when there is nothing for a wanted one.
 */
export function choose<Item>(offers: readonly Offer<Item>[], selection: PlatformSelection): readonly Item[] {
  const steps = chooseSteps(offers, selection);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** Chooses like `choose`, in steps: an index that a stranger wrote may offer tens of thousands of images. */
export function* chooseSteps<Item>(
  offers: readonly Offer<Item>[],
  selection: PlatformSelection,
): Generator<void, readonly Item[], void> {
  const wanted = wantedOf(selection);
  const isForAll = offers.length > 0 && offers.every(({ platform }) => platform === null);
  if (wanted === null || isForAll) return [...new Set(offers.map(({ item }) => item))];
  const kinds = yield* byKind(offers);
  const chosen = new Set<Item>();
  for (const platform of wanted) {
    const best = yield* bestSteps(kinds.get(kindOf(normalizePlatform(platform))) ?? [], fitOf(platform));
    if (best === null) throw noSuchPlatform(yield* namesOf(offers), platform);
    chosen.add(best);
  }
  return [...chosen];
}

/** The entry of an index that a client of this platform would take, as far as the index alone tells. */
export function bestListed(listed: readonly Descriptor[], wanted: Platform): Descriptor | null {
  const fit = fitOf(wanted);
  let best: { readonly item: Descriptor; readonly rank: number } | null = null;
  for (const item of listed) {
    const rank = item.platform === undefined ? null : fit(normalizePlatform(item.platform));
    if (rank !== null && (best === null || rank < best.rank)) best = { item, rank };
  }
  return best?.item ?? null;
}

/** A client takes nothing of another system or architecture than its own. */
function kindOf({ os, architecture }: Platform): string {
  return `${os}/${architecture}`;
}

type Kinds<Item> = ReadonlyMap<string, readonly { readonly item: Item; readonly platform: Platform }[]>;

/** The offers that have a platform, normalized, by their kinds. */
function* byKind<Item>(offers: readonly Offer<Item>[]): Generator<void, Kinds<Item>, void> {
  const kinds = new Map<string, { readonly item: Item; readonly platform: Platform }[]>();
  for (const [position, { item, platform }] of offers.entries()) {
    if (position % STEP === STEP - 1) yield;
    if (platform === null) continue;
    const normalized = normalizePlatform(platform);
    const kind = kindOf(normalized);
    const others = kinds.get(kind);
    if (others === undefined) kinds.set(kind, [{ item, platform: normalized }]);
    else others.push({ item, platform: normalized });
  }
  return kinds;
}

function* bestSteps<Item>(
  offers: readonly { readonly item: Item; readonly platform: Platform }[],
  fit: Fit,
): Generator<void, Item | null, void> {
  let best: { readonly item: Item; readonly rank: number } | null = null;
  for (const [position, { item, platform }] of offers.entries()) {
    if (position % STEP === STEP - 1) yield;
    const rank = fit(platform);
    if (rank !== null && (best === null || rank < best.rank)) best = { item, rank };
  }
  return best?.item ?? null;
}

function noSuchPlatform(known: readonly string[], wanted: Platform): RegistryError {
  const names = known.slice(0, NAMED).join(", ");
  const offer = known.length === 0 ? "it names no platforms" : `there are ${names}${known.length > NAMED ? ", …" : ""}`;
  return new RegistryError("MANIFEST_UNKNOWN", `the image has nothing for ${formatPlatform(wanted)}: ${offer}`);
}

/** The first platforms that are offered, one more than a message names. */
function* namesOf(offers: readonly Offer<unknown>[]): Generator<void, readonly string[], void> {
  const known = new Set<string>();
  for (const [position, { platform }] of offers.entries()) {
    if (position % STEP === STEP - 1) yield;
    if (platform !== null && isNamedPlatform(platform)) known.add(nameOf(platform));
    if (known.size > NAMED) break;
  }
  return [...known];
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
