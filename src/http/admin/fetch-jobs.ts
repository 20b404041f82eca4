import type { AnswerOf, InputOf } from "../../admin/contract.ts";
import type { FetchJobDetails, FetchJobState } from "../../admin/fetch-job-schemas.ts";
import { formatSelection, parseSelection } from "../../oci/platform-selection.ts";
import { formatReference } from "../../oci/reference.ts";
import { quoteBriefly } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { FetchJobs, FetchJobView } from "../../registry/fetches/fetch-jobs.ts";
import { parseImageName } from "../../registry/names/image-name.ts";
import type { AdminAsker } from "./admin-asker.ts";

type Id = "startFetchJob" | "listFetchJobs" | "getFetchJob" | "retryFetchJob" | "cancelFetchJob" | "removeFetchJob";
type FetchJobActions = {
  readonly [One in Id]: (input: InputOf<One>, signal: AbortSignal, asker: AdminAsker) => Promise<AnswerOf<One>>;
};

/** The functions of the admin API that are about fetch jobs. */
export function fetchJobActions(jobs: FetchJobs): FetchJobActions {
  return {
    startFetchJob: async (request, _, asker) => startJob(jobs, request, asker),
    listFetchJobs: async () => ({ jobs: (await jobs.list()).map(withoutImages) }),
    getFetchJob: async ({ job, after }) => detailsOf((await jobs.get(job, after)) ?? throwUnknown(job)),
    retryFetchJob: async ({ job }, _, asker) => withoutImages((await jobs.retry(job, asker)) ?? throwUnknown(job)),
    cancelFetchJob: async ({ job }) => ({ isCancelled: await jobs.cancel(job) }),
    removeFetchJob: async ({ job }) => ({ isRemoved: await jobs.remove(job) }),
  };
}

/** Images are known by their full names, each once for what is wanted of it. Throws NAME_INVALID, TAG_INVALID, BAD_REQUEST. */
async function startJob(
  jobs: FetchJobs,
  { images, title }: InputOf<"startFetchJob">,
  asker: AdminAsker,
): Promise<FetchJobState> {
  const wanted = new Map(
    images.map(({ image, platforms }) => {
      const one = {
        image: formatReference(parseImageName(image)),
        platforms: formatSelection(parseSelection(platforms)),
      };
      return [JSON.stringify(one), one];
    }),
  );
  return withoutImages(await jobs.start([...wanted.values()], title ?? null, asker));
}

function withoutImages(view: Omit<FetchJobView, "images"> & { readonly images?: unknown }): FetchJobState {
  const { id, title, who, state, startedAtMs, endedAtMs, counts, bytes, revision } = view;
  return { id, title, who, state, startedAtMs, endedAtMs, counts, bytes, revision };
}

function detailsOf(view: FetchJobView): FetchJobDetails {
  const images = view.images.map(({ index, image, platforms, state, bytes, sizeBytes, reason, untilMs }) => {
    return { index, image, platforms, state, bytes, sizeBytes, reason, untilMs };
  });
  return { ...withoutImages(view), images };
}

function throwUnknown(job: string): never {
  throw new RegistryError("NAME_UNKNOWN", `there is no fetch job ${quoteBriefly(job)}; old ones are forgotten`);
}
