import type {
  AdoptAnswer,
  CollectAnswer,
  HasAnswer,
  HealthAnswer,
  ImagesAnswer,
  InspectAnswer,
  OfflineState,
  RemoveAnswer,
  StatsAnswer,
  VerifyProgress,
  VersionAnswer,
} from "../../admin/admin.ts";
import { parseDigest } from "../../oci/digest.ts";
import { formatReference, type Reference } from "../../oci/reference.ts";
import { parseSelection, type SelectionText } from "../../oci/platform-selection.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { CollectionLimits, Collector } from "../../registry/collector.ts";
import type { ImageCacher } from "../../registry/images/image-cacher.ts";
import { parseImageName } from "../../registry/names/image-name.ts";
import type { ImageRemover } from "../../registry/images/image-remover.ts";
import type { ImageSurvey } from "../../registry/images/image-survey.ts";
import type { Inventory } from "../../registry/images/inventory.ts";
import type { ManifestReference } from "../../registry/names/manifest-reference.ts";
import type { LastingTraffic } from "../../registry/pull/lasting-traffic.ts";
import type { OfflineSwitch } from "../../registry/pull/offline-switch.ts";
import type { TrafficCounter } from "../../registry/pull/traffic.ts";
import type { UpstreamHealth } from "../../registry/pull/upstream-health.ts";
import type { Upstreams } from "../../registry/pull/upstreams.ts";
import type { Verifier } from "../../registry/verifier.ts";
import { alreadyHere, streamCaching, whyUnreachable } from "./admin-cache.ts";
import { checkAll, inspect, listImages } from "./admin-images.ts";
import { streamLines } from "./admin-lines.ts";
import type { AdminActions, AdminCall } from "./admin-resources.ts";
import { statsOf, totalOf } from "./admin-stats.ts";
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
  readonly verifier: Verifier;
  readonly cacher: ImageCacher;
  readonly remover: ImageRemover;
  /** A look at what is here, for a request that the signal ends. */
  readonly survey: (signal: AbortSignal) => ImageSurvey;
  readonly upstreams: Upstreams;
  readonly offline: OfflineSwitch;
  readonly upstreamHealth: UpstreamHealth;
  /** The space of the file system that holds the data folder. */
  readonly disk: () => Promise<HealthAnswer["disk"]>;
  /** Knows when nothing may be written. */
  readonly guard: { readonly problem: string | null };
  readonly traffic: TrafficCounter;
  readonly lastingTraffic: LastingTraffic;
};

/** The admin API's functions over these parts. */
export function adminActions(parts: AdminParts): AdminActions {
  const { upstreams, collector, collectionLimits, inventory, survey, remover } = parts;
  return {
    "GET version": async () => jsonResponse({ name: "larder", version: parts.version } satisfies VersionAnswer),
    "GET health": async () =>
      jsonResponse({
        disk: await parts.disk(),
        storeProblem: parts.guard.problem,
        offline: upstreams.offline,
        upstreams: await parts.upstreamHealth.check(),
      } satisfies HealthAnswer),
    "GET images": async (_, { signal, query }) =>
      jsonResponse((await listImages(survey(signal), inventory, query.get("after"), signal)) satisfies ImagesAnswer),
    "GET stats": async () => jsonResponse((await stats(parts)) satisfies StatsAnswer),
    "GET offline": async () => jsonResponse({ offline: upstreams.offline } satisfies OfflineState),
    "PUT offline": async ({ offline }) => {
      await parts.offline.switch(offline);
      return jsonResponse({ offline } satisfies OfflineState);
    },
    "POST gc": async ({ graceMs = collectionLimits.graceMs, ...options }) =>
      jsonResponse((await collector.collect({ ...collectionLimits, graceMs }, options)) satisfies CollectAnswer),
    "POST verify": async (_, { signal, reportFault }) => verify(parts.verifier, signal, reportFault),
    "POST cache": async ({ image, platforms }, call) => cache(parts, image, platforms, call),
    "POST inspect": async ({ image }, { signal }) =>
      jsonResponse({ image: await inspect(survey(signal), image) } satisfies InspectAnswer),
    "POST has": async ({ images }, { signal }) =>
      jsonResponse((await checkAll(survey(signal), images)) satisfies HasAnswer),
    "POST remove": async ({ image }) => {
      const { repository, reference } = locate(parseImageName(image));
      return jsonResponse((await remover.remove(repository, reference)) satisfies RemoveAnswer);
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

async function stats(parts: AdminParts): Promise<StatsAnswer> {
  const { traffic, lastingTraffic, upstreams, startedAtMs, aside, collector, guard } = parts;
  return {
    ...statsOf(traffic, upstreams, startedAtMs),
    total: await totalOf(lastingTraffic, upstreams),
    aside: await aside.totals(),
    collectionRefusal: collector.refusal,
    storeProblem: guard.problem,
  };
}

async function verify(verifier: Verifier, signal: AbortSignal, reportFault: (error: unknown) => void) {
  const left = new AbortController();
  const work = async (tell: (event: VerifyProgress) => void): Promise<VerifyProgress> => {
    return { kind: "done", ...(await verifier.verifyAll(AbortSignal.any([signal, left.signal]), tell)) };
  };
  return streamLines(work, reportFault, () => left.abort());
}

async function cache(
  { cacher, upstreams, survey }: AdminParts,
  image: string,
  platforms: SelectionText,
  call: AdminCall,
): Promise<Response> {
  const named = parseImageName(image);
  const choice = parseSelection(platforms);
  const unreachable = whyUnreachable(upstreams, named);
  if (unreachable !== null) {
    const look = survey(call.signal);
    const { state } = await look.check(named, choice);
    const found = state === "whole" ? await look.find(named) : null;
    if (found === null) throw unreachable;
    return alreadyHere(found.manifest.digest, `it may have moved: ${unreachable.message}`);
  }
  const { repository, reference } = locate(named);
  return streamCaching(cacher, repository, reference, choice, call);
}

function locate({ namespace, path, tag, digest }: Reference): {
  repository: Pick<Reference, "namespace" | "path">;
  reference: ManifestReference;
} {
  const repository = { namespace, path };
  if (digest !== null) return { repository, reference: { kind: "digest", digest } };
  if (tag !== null) return { repository, reference: { kind: "tag", tag } };
  const name = formatReference({ namespace, path, tag, digest });
  throw new RegistryError("TAG_INVALID", `${name} has neither tag nor digest`);
}
