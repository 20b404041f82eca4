import { join } from "node:path";
import { DiscoveryPool } from "../discovery/serve/discovery-pool.ts";
import { bringForJob } from "../http/admin/bring-for-job.ts";
import { FetchJobs } from "../registry/fetches/fetch-jobs.ts";
import type { ImageCacher } from "../registry/images/image-cacher.ts";
import { ImageRemover } from "../registry/images/image-remover.ts";
import { ImageSurvey } from "../registry/images/image-survey.ts";
import type { MayPull, SearchOrder } from "../registry/names/search-order.ts";
import type { RegistryComposition } from "./compose-registry.ts";
import type { Foundation, ServerEnvironment } from "./foundation.ts";

/** Finding out what files name, and bringing what is missing of it. */
export type FetchesComposition = {
  readonly discoveries: DiscoveryPool;
  readonly fetchJobs: FetchJobs;
  readonly remover: ImageRemover;
  /** A look at what is here, for a request that the signal ends. */
  readonly survey: (signal: AbortSignal, mayPull?: MayPull) => ImageSurvey;
  /** Removes what a kill left. Never fails: a larder whose disk is read-only serves. */
  readonly start: () => Promise<void>;
  /** Ends both. */
  readonly stop: () => Promise<void>;
};

/** Wires what looks through files, and what brings lists of images. */
export function composeFetches(
  of: RegistryComposition,
  cacher: ImageCacher,
  { program, clock, log }: ServerEnvironment,
  { dataFolder, metadata, turns, changes }: Foundation,
  order: SearchOrder,
): FetchesComposition {
  const { manifests, tags, holdings } = metadata;
  const { blobs, files, upstreams } = of;
  const survey = (signal: AbortSignal, mayPull?: MayPull) =>
    new ImageSurvey(
      { manifests, tags, holdings, blobs, files, order, ...(mayPull && { mayPull }) },
      turns.begin(signal),
    );
  const immutable = {
    pushed: metadata.pushed,
    get rules() {
      return of.rules();
    },
  };
  const remover = new ImageRemover(metadata, immutable, turns, clock.now);
  const discoveries = new DiscoveryPool(program, join(dataFolder, "discoveries"));
  const fetchJobs = new FetchJobs({
    store: metadata.fetchJobs,
    bring: bringForJob({ cacher, upstreams, remover, survey }),
    onChange: () => changes.changed("fetches"),
    onProgress: () => changes.moved("fetches"),
    log,
    now: clock.now,
  });
  return {
    discoveries,
    fetchJobs,
    remover,
    survey,
    start: () =>
      discoveries.tidy().catch((error: unknown) => {
        log.write("warning", "files that were looked through could not be removed", { error: String(error) });
      }),
    stop: async () => void (await Promise.all([discoveries.stop(), fetchJobs.stop()])),
  };
}
