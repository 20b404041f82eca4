import { orAborted } from "../../lib/async/or-aborted.ts";
import { parseSelection } from "../../oci/platform-selection.ts";
import type { ImageCacher } from "../../registry/images/image-cacher.ts";
import type { ImageRemover } from "../../registry/images/image-remover.ts";
import type { ImageSurvey } from "../../registry/images/image-survey.ts";
import type { BringImage, FetchTold } from "../../registry/fetches/fetch-jobs.ts";
import { parseImageName } from "../../registry/names/image-name.ts";
import type { MayPull } from "../../registry/names/search-order.ts";
import type { Upstreams } from "../../registry/pull/upstreams.ts";
import { fetchImage, type FetchTelling } from "./fetch-image.ts";

type Parts = {
  readonly cacher: ImageCacher;
  readonly upstreams: Upstreams;
  readonly remover: Pick<ImageRemover, "adopt">;
  readonly survey: (signal: AbortSignal, mayPull?: MayPull) => ImageSurvey;
};

/** Brings an image of a job as `fetchImage` does, unless it is here whole. */
export function bringForJob({ cacher, upstreams, remover, survey }: Parts): BringImage {
  return async ({ image, platforms }, tell, asker, signal) => {
    const looks = survey(signal, asker.mayPull);
    const { state } = await looks.check(parseImageName(image), parseSelection(platforms));
    if (state === "whole") return tell({ kind: "present" });
    const { work } = await fetchImage(
      { cacher, upstreams, remover, survey: looks, cause: asker, signal },
      image,
      platforms,
    );
    const telling = told(tell);
    // What a registry that does not answer is waited for, nobody waits for who has left.
    await orAborted(work(telling), signal);
  };
}

/** The bytes of all blobs of an image as one number, and what is worth a sentence. */
function told(tell: (told: FetchTold) => void): (event: FetchTelling) => void {
  const done = new Map<string, number>();
  const count = (digest: string, bytes: number) => {
    done.set(digest, bytes);
    tell({ kind: "bytes", bytes: done.values().reduce((sum, some) => sum + some, 0) });
  };
  return (event) => {
    if (event.kind === "extent") tell({ kind: "extent", sizeBytes: event.sizeBytes });
    else if (event.kind === "progress") count(event.digest, event.doneBytes);
    else if (event.kind === "fetched") count(event.digest, event.sizeBytes);
    else if (event.kind === "warning") tell({ kind: "warning", message: event.message });
    else if (event.kind === "resolved" && event.warning !== null) tell({ kind: "warning", message: event.warning });
  };
}
