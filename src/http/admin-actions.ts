import { setImmediate } from "node:timers/promises";
import type {
  AdoptAnswer,
  CollectAnswer,
  HasAnswer,
  HealthAnswer,
  ImagesAnswer,
  InspectAnswer,
  InspectedImage,
  ListedImage,
  OfflineState,
  RemoveAnswer,
  StatsAnswer,
  VersionAnswer,
} from "../api/admin.ts";
import { parseDigest } from "../oci/digest.ts";
import { type Platform, tryParsePlatform } from "../oci/platform.ts";
import { formatReference, type Reference } from "../oci/reference.ts";
import { RegistryError } from "../oci/registry-error.ts";
import { splitRepositoryName } from "../oci/repository-name.ts";
import type { CollectionLimits, Collector } from "../registry/collector.ts";
import type { ImageCacher } from "../registry/image-cacher.ts";
import { parseImageName } from "../registry/image-name.ts";
import type { ImageRemover } from "../registry/image-remover.ts";
import { summaryOf } from "../registry/image-summary.ts";
import { type PlatformChoice, readManifest } from "../registry/image-walk.ts";
import type { Inventory } from "../registry/inventory.ts";
import type { ManifestReference } from "../registry/manifest-reference.ts";
import type { TrafficCounter } from "../registry/traffic.ts";
import type { UpstreamHealth } from "../registry/upstream-health.ts";
import type { Upstreams } from "../registry/upstreams.ts";
import type { Wholeness, WholenessReport } from "../registry/wholeness.ts";
import { alreadyHere, streamCaching, whyUnreachable } from "./admin-cache.ts";
import type { AdminActions, AdminCall } from "./admin-resources.ts";
import { statsOf } from "./admin-stats.ts";
import { jsonResponse } from "./json-response.ts";

/** The parts of the registry that the admin API speaks for. */
export type AdminParts = {
  readonly version: string;
  readonly startedAtMs: number;
  readonly inventory: Inventory;
  readonly collector: Collector;
  readonly collectionLimits: CollectionLimits;
  /** How much was set aside. */
  readonly aside: { totals(): Promise<StatsAnswer["aside"]> };
  readonly cacher: ImageCacher;
  readonly remover: ImageRemover;
  readonly wholeness: Wholeness;
  readonly upstreams: Upstreams;
  readonly upstreamHealth: UpstreamHealth;
  /** The space of the file system that holds the data folder. */
  readonly disk: () => Promise<HealthAnswer["disk"]>;
  readonly traffic: TrafficCounter;
};

/** Platforms as the API has them. */
type Platforms = "all" | readonly string[];

/** Images that are looked at before other requests get a turn: a thousand take about 50 ms. */
const TURN_IMAGES = 100;

/** The admin API's functions over these parts. */
export function adminActions(parts: AdminParts): AdminActions {
  const { upstreams, collector, collectionLimits, inventory, wholeness, remover } = parts;
  return {
    "GET version": async () => jsonResponse({ name: "larder", version: parts.version } satisfies VersionAnswer),
    "GET health": async () =>
      jsonResponse({
        disk: await parts.disk(),
        offline: upstreams.offline,
        upstreams: await parts.upstreamHealth.check(),
      } satisfies HealthAnswer),
    "GET images": async () => jsonResponse({ images: await listImages(inventory, wholeness) } satisfies ImagesAnswer),
    "GET stats": async () => jsonResponse((await stats(parts)) satisfies StatsAnswer),
    "GET offline": async () => jsonResponse({ offline: upstreams.offline } satisfies OfflineState),
    "PUT offline": async ({ offline }) => {
      upstreams.offline = offline;
      return jsonResponse({ offline } satisfies OfflineState);
    },
    "POST gc": async ({ graceMs = collectionLimits.graceMs, ...wishes }) =>
      jsonResponse((await collector.collect({ ...collectionLimits, graceMs }, wishes)) satisfies CollectAnswer),
    "POST cache": async ({ image, platforms }, call) => cache(parts, image, platforms, call),
    "POST inspect": async ({ image }) =>
      jsonResponse({ image: await inspect(wholeness, image) } satisfies InspectAnswer),
    "POST has": async ({ images }) => jsonResponse({ images: await checkAll(wholeness, images) } satisfies HasAnswer),
    "POST remove": async ({ image }) => {
      const { target, reference } = locate(parseImageName(image));
      return jsonResponse((await remover.remove(target, reference)) satisfies RemoveAnswer);
    },
    "POST adopt": async ({ image, digest, indexBase64 }) => {
      const { namespace, path, tag } = parseImageName(image);
      const index = indexBase64 === undefined ? null : Buffer.from(indexBase64, "base64");
      if (tag === null && index === null) throw new RegistryError("TAG_INVALID", `${image} names no tag`);
      const adopted = await remover.adopt({ namespace, path }, tag, parseDigest(digest), index);
      return jsonResponse({ adopted } satisfies AdoptAnswer);
    },
  };
}

async function stats({ traffic, upstreams, startedAtMs, aside, collector }: AdminParts): Promise<StatsAnswer> {
  const counts = statsOf(traffic, upstreams, startedAtMs);
  return { ...counts, aside: await aside.totals(), collectionRefusal: collector.refusal };
}

async function checkAll(wholeness: Wholeness, images: readonly { image: string; platforms: Platforms }[]) {
  const reports: WholenessReport[] = [];
  for (const { image, platforms } of images) {
    reports.push(await wholeness.check(parseImageName(image), parsePlatforms(platforms)));
    if (reports.length % TURN_IMAGES === 0) await setImmediate();
  }
  return reports;
}

async function listImages(inventory: Inventory, wholeness: Wholeness): Promise<ListedImage[]> {
  const images: ListedImage[] = [];
  for await (const { repository, tag, manifest } of inventory.list()) {
    const { tag: name, digest, kind, updatedAtMs } = tag;
    const extent = await wholeness.measure(splitRepositoryName(repository), manifest);
    images.push({ name: `${repository}:${name}`, digest, kind, updatedAtMs, ...extent });
    if (images.length % TURN_IMAGES === 0) await setImmediate();
  }
  return images;
}

async function inspect(wholeness: Wholeness, image: string): Promise<InspectedImage | null> {
  const found = await wholeness.find(parseImageName(image));
  if (found === null) return null;
  const { repository, tag, manifest: stored } = found;
  const target = splitRepositoryName(repository);
  const manifest = readManifest(stored);
  const summary = summaryOf(manifest);
  const platforms = [];
  for (const { platform, digest } of summary.platforms) {
    const isHere = (await wholeness.find({ ...target, tag: null, digest })) !== null;
    platforms.push({ platform, digest, isHere });
  }
  return {
    name: tag === null ? `${repository}@${stored.digest}` : `${repository}:${tag.tag}`,
    kind: tag?.kind ?? null,
    updatedAtMs: tag?.updatedAtMs ?? null,
    digest: stored.digest,
    ...summary,
    platforms,
    sizeBytes: (await wholeness.measure(target, stored)).sizeBytes,
    config: await wholeness.readConfig(target, manifest),
    manifestBase64: Buffer.from(stored.bytes).toString("base64"),
  };
}

async function cache(
  { cacher, upstreams, wholeness }: AdminParts,
  image: string,
  platforms: Platforms,
  call: AdminCall,
): Promise<Response> {
  const named = parseImageName(image);
  const choice = parsePlatforms(platforms);
  const unreachable = whyUnreachable(upstreams, named);
  if (unreachable !== null) {
    const { state } = await wholeness.check(named, choice);
    const found = state === "whole" ? await wholeness.find(named) : null;
    if (found === null) throw unreachable;
    return alreadyHere(found.manifest.digest, `it may have moved: ${unreachable.message}`);
  }
  const { target, reference } = locate(named);
  return streamCaching(cacher, target, reference, choice, call);
}

function locate({ namespace, path, tag, digest }: Reference): {
  target: Pick<Reference, "namespace" | "path">;
  reference: ManifestReference;
} {
  const target = { namespace, path };
  if (digest !== null) return { target, reference: { kind: "digest", digest } };
  if (tag !== null) return { target, reference: { kind: "tag", tag } };
  const name = formatReference({ namespace, path, tag, digest });
  throw new RegistryError("TAG_INVALID", `${name} has neither tag nor digest`);
}

function parsePlatforms(list: Platforms): PlatformChoice {
  if (list === "all") return "all";
  return list.map((text): Platform => {
    const platform = tryParsePlatform(text);
    if (platform === null)
      throw new RegistryError("BAD_REQUEST", `${JSON.stringify(text)} is not a platform such as linux/arm64`);
    return platform;
  });
}
