import * as v from "valibot";
import type {
  AdoptAnswer,
  CacheProgress,
  CollectAnswer,
  HasAnswer,
  ImagesAnswer,
  ListedImage,
  NamespaceStats,
  OfflineState,
  RemoveAnswer,
  StatsAnswer,
  VersionAnswer,
} from "../api/admin.ts";
import { parseDigest } from "../oci/digest.ts";
import { type Platform, tryParsePlatform } from "../oci/platform.ts";
import { formatReference, type Reference } from "../oci/reference.ts";
import { RegistryError } from "../oci/registry-error.ts";
import type { CollectionLimits, Collector } from "../registry/collector.ts";
import type { ImageCacher } from "../registry/image-cacher.ts";
import { parseImageName } from "../registry/image-name.ts";
import type { ImageRemover } from "../registry/image-remover.ts";
import type { PlatformChoice } from "../registry/image-walk.ts";
import type { Inventory } from "../registry/inventory.ts";
import type { ManifestReference } from "../registry/manifest-reference.ts";
import type { TrafficCounter } from "../registry/traffic.ts";
import type { Upstreams } from "../registry/upstreams.ts";
import type { Wholeness } from "../registry/wholeness.ts";

const platforms = v.union([v.literal("all"), v.pipe(v.array(v.string()), v.minLength(1), v.maxLength(50))]);
const image = v.pipe(v.string(), v.maxLength(1024));
/** More images in one question than any cluster runs. */
const IMAGES_LIMIT = 50_000;

/** What the admin API knows: whether it changes something, and the shape of its body. */
export const RESOURCES = {
  "GET version": { writes: false, body: null },
  "GET images": { writes: false, body: null },
  "GET stats": { writes: false, body: null },
  "GET offline": { writes: false, body: null },
  "PUT offline": { writes: true, body: v.strictObject({ offline: v.boolean() }) },
  "POST gc": {
    writes: true,
    body: v.strictObject({ graceMs: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))) }),
  },
  "POST cache": { writes: true, body: v.strictObject({ image, platforms }) },
  "POST has": {
    writes: false,
    body: v.strictObject({
      images: v.pipe(v.array(v.strictObject({ image, platforms })), v.maxLength(IMAGES_LIMIT)),
    }),
  },
  "POST remove": { writes: true, body: v.strictObject({ image }) },
  "POST adopt": { writes: true, body: v.strictObject({ image, digest: v.string() }) },
} as const;

export type AdminResource = keyof typeof RESOURCES;
type Input<Resource extends AdminResource> = (typeof RESOURCES)[Resource]["body"] extends v.GenericSchema
  ? v.InferOutput<(typeof RESOURCES)[Resource]["body"]>
  : undefined;

/** A function for each resource. Throws RegistryErrors. */
export type AdminActions = {
  readonly [Resource in AdminResource]: (input: Input<Resource>) => Promise<Response>;
};

/** The parts of the registry that the admin API speaks for. */
export type AdminParts = {
  readonly version: string;
  readonly startedAtMs: number;
  readonly inventory: Inventory;
  readonly collector: Collector;
  readonly collectionLimits: CollectionLimits;
  readonly cacher: ImageCacher;
  readonly remover: ImageRemover;
  readonly wholeness: Wholeness;
  readonly upstreams: Upstreams;
  readonly traffic: TrafficCounter;
};

/** The admin API's functions over these parts. */
export function adminActions(parts: AdminParts): AdminActions {
  const { upstreams, collector, collectionLimits } = parts;
  return {
    "GET version": async () => json<VersionAnswer>({ name: "larder", version: parts.version }),
    "GET images": async () => json<ImagesAnswer>({ images: await listImages(parts.inventory) }),
    "GET stats": async () => json<StatsAnswer>(stats(parts)),
    "GET offline": async () => json<OfflineState>({ offline: upstreams.offline }),
    "PUT offline": async ({ offline }) => {
      upstreams.offline = offline;
      return json<OfflineState>({ offline });
    },
    "POST gc": async ({ graceMs = collectionLimits.graceMs }) =>
      json<CollectAnswer>(await collector.collect({ ...collectionLimits, graceMs })),
    "POST cache": async ({ image, platforms }) => cache(parts, image, platforms),
    "POST has": async ({ images }) =>
      json<HasAnswer>({ images: await Promise.all(images.map((one) => has(parts, one))) }),
    "POST remove": async ({ image }) =>
      json<RemoveAnswer>(await parts.remover.remove(...located(parseImageName(image)))),
    "POST adopt": async ({ image, digest }) => {
      const { namespace, path, tag } = parseImageName(image);
      if (tag === null) throw new RegistryError("TAG_INVALID", `${image} names no tag`);
      return json<AdoptAnswer>({ adopted: await parts.remover.adopt({ namespace, path }, tag, parseDigest(digest)) });
    },
  };
}

async function has({ wholeness }: AdminParts, one: { image: string; platforms: "all" | string[] }) {
  return wholeness.check(parseImageName(one.image), parsePlatforms(one.platforms));
}

async function listImages(inventory: Inventory): Promise<ListedImage[]> {
  const images: ListedImage[] = [];
  for await (const { repository, tag, sizeBytes, platforms } of inventory.list()) {
    const name = `${repository}:${tag.tag}`;
    images.push({ name, digest: tag.digest, kind: tag.kind, sizeBytes, platforms, updatedAtMs: tag.updatedAtMs });
  }
  return images;
}

function stats({ traffic, upstreams, startedAtMs }: AdminParts): StatsAnswer {
  const byNamespace = new Map(traffic.all().map((entry) => [entry.namespace, entry]));
  const limits = new Map(upstreams.all().map(({ namespace, client }) => [namespace, client.rateLimit()]));
  const names = [
    ...new Set([...byNamespace.keys(), ...[...limits].filter(([, l]) => l !== null).map(([n]) => n)]),
  ].sort();
  const namespaces = names.map((namespace): NamespaceStats => {
    const { hits, misses, bytesFromDisk, bytesFromUpstream } = byNamespace.get(namespace) ?? NOTHING;
    const bytesSaved = upstreams.knows(namespace) ? bytesFromDisk : 0;
    const rateLimit = limits.get(namespace) ?? null;
    return { namespace, hits, misses, bytesFromDisk, bytesFromUpstream, bytesSaved, rateLimit };
  });
  return { sinceMs: startedAtMs, offline: upstreams.offline, namespaces };
}

const NOTHING = { hits: 0, misses: 0, bytesFromDisk: 0, bytesFromUpstream: 0 };

/** The answer begins at once and is a line for each event, so that whoever waits sees how it goes. */
function cache(parts: AdminParts, image: string, platforms: "all" | string[]): Response {
  const reference = parseImageName(image);
  const choice = parsePlatforms(platforms);
  assertReachable(parts.upstreams, reference);
  const lines = new TransformStream<string, Uint8Array>({
    transform: (line, controller) => controller.enqueue(new TextEncoder().encode(line)),
  });
  const writer = lines.writable.getWriter();
  // One who no longer listens does not stop what the cache wants.
  const tell = (event: CacheProgress) => void writer.write(`${JSON.stringify(event)}\n`).catch(() => {});
  const work = parts.cacher.cache(...located(reference), choice, tell).then(
    () => tell({ kind: "done" }),
    (error: unknown) => {
      const known = error instanceof RegistryError;
      tell({
        kind: "failed",
        code: known ? error.code : "UNKNOWN",
        message: known ? error.message : "larder failed; its log says why",
      });
    },
  );
  void work.then(() => writer.close()).catch(() => {});
  return new Response(lines.readable, { headers: { "Content-Type": "application/x-ndjson" } });
}

function assertReachable(upstreams: Upstreams, reference: Reference): void {
  const name = formatReference(reference);
  if (upstreams.offline) {
    throw new RegistryError(
      "UPSTREAM_UNAVAILABLE",
      `${name} cannot be fetched: larder is offline; switch it with \`larder offline off\`, or bring the image with \`larder load\` or \`larder upload\``,
    );
  }
  if (!upstreams.knows(reference.namespace) && reference.namespace !== "local") {
    throw new RegistryError(
      "DENIED",
      `${name} cannot be fetched: this larder does not stand in for ${reference.namespace}; start it with --stand-in ${reference.namespace}`,
    );
  }
}

function located(
  reference: Reference,
): [{ namespace: Reference["namespace"]; path: Reference["path"] }, ManifestReference] {
  const { namespace, path, tag, digest } = reference;
  if (digest !== null)
    return [
      { namespace, path },
      { kind: "digest", digest },
    ];
  if (tag === null) throw new RegistryError("TAG_INVALID", "the image has neither tag nor digest");
  return [
    { namespace, path },
    { kind: "tag", tag },
  ];
}

function parsePlatforms(list: "all" | string[]): PlatformChoice {
  if (list === "all") return "all";
  return list.map((text): Platform => {
    const platform = tryParsePlatform(text);
    if (platform === null)
      throw new RegistryError("BAD_REQUEST", `${JSON.stringify(text)} is not a platform such as linux/arm64`);
    return platform;
  });
}

function json<Answer>(answer: Answer): Response {
  return new Response(JSON.stringify(answer), { headers: { "Content-Type": "application/json" } });
}
