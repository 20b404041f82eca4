import type { FetchProgress } from "../../admin/image-schemas.ts";
import { parseSelection, type SelectionText } from "../../oci/platform-selection.ts";
import { formatReference, type Reference } from "../../oci/reference.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { nameOf } from "../../oci/repository.ts";
import { LOCAL } from "../../oci/repository-name.ts";
import type { CacheEvent, ImageCacher } from "../../registry/images/image-cacher.ts";
import type { ImageRemover } from "../../registry/images/image-remover.ts";
import type { ImageSurvey } from "../../registry/images/image-survey.ts";
import { parseImageName } from "../../registry/names/image-name.ts";
import type { MayPull } from "../../registry/names/search-order.ts";
import { manifestReferenceOf } from "../../registry/names/manifest-reference.ts";
import type { Upstreams } from "../../registry/pull/upstreams.ts";
import type { LineWork } from "./line-work.ts";
import type { EventCause } from "../../storage/events.ts";

type FetchParts = {
  readonly cacher: ImageCacher;
  readonly upstreams: Upstreams;
  readonly survey: ImageSurvey;
  readonly remover: Pick<ImageRemover, "adopt">;
  /** Ends it; null: nothing does, not even that the client leaves. */
  readonly signal?: AbortSignal;
  /** Who asks: the log tells of it, and upstream is asked under the id of the request. */
  readonly cause: EventCause & { readonly mayPull?: MayPull };
};

/** What is told while an image comes: the lines of the admin API, and what it has in all. */
export type FetchTelling = FetchProgress | Extract<CacheEvent, { kind: "extent" }>;

/**
 * Fetches an image for the chosen platforms. One that cannot be fetched and is here whole is answered with a warning.
 * Throws RULE_FORBIDS for what may not come in, UPSTREAM_UNAVAILABLE or DENIED when it can neither be fetched nor is here, TAG_INVALID when it is named by
 * neither tag nor digest. The work goes on when the client leaves.
 */
export async function fetchImage(parts: FetchParts, image: string, platforms: SelectionText): Promise<FetchWork> {
  const { cacher, upstreams, survey, cause, signal } = parts;
  const named = parseImageName(image);
  const choice = parseSelection(platforms);
  const refusal = upstreams.refusal(named, named.digest === null ? named.tag : null);
  if (refusal !== null) throw new RegistryError("RULE_FORBIDS", refusal);
  const unreachable = whyUnreachable(upstreams, named);
  if (unreachable !== null) {
    const { state } = await survey.check(named, choice);
    const found = state === "whole" ? await survey.find(named) : null;
    if (found === null) throw unreachable;
    return alreadyHere(found.manifest.digest, `it may have moved: ${unreachable.message}`);
  }
  const { namespace, path } = named;
  const reference = manifestReferenceOf(named);
  return {
    work: async (tell) => {
      await cacher.cache(
        { namespace, path },
        reference,
        choice,
        tell,
        cause,
        cause.mayPull && { mayPull: cause.mayPull },
        signal,
      );
      const problem = await giveTag(parts, named);
      if (problem !== null) tell({ kind: "warning", message: problem });
      return { kind: "done" };
    },
  };
}

/**
 * What was brought by its digest, and is named with a tag besides, answers to that tag where nothing does yet: a list that was
 * recorded is of use where upstream cannot be asked. A tag that is here stays where it is. What kept it from that; null: nothing.
 */
async function giveTag({ survey, remover, cause }: FetchParts, named: Reference): Promise<string | null> {
  const { namespace, path, tag, digest } = named;
  if (tag === null || digest === null) return null;
  const found = await survey.find({ ...named, digest: null });
  if (found?.foundIn === nameOf(named)) return null;
  try {
    await remover.adopt({ namespace, path }, { tag, digest, index: null }, cause);
    return null;
  } catch (error) {
    if (error instanceof RegistryError) return `it does not answer to its tag: ${error.message}`;
    throw error;
  }
}

type FetchWork = { readonly work: (tell: (told: FetchTelling) => void) => Promise<FetchProgress> };

/** The work as the lines of the admin API tell of it. */
export function fetchLines({ work }: FetchWork): LineWork<FetchProgress> {
  return { work: (tell) => work((told) => (told.kind === "extent" ? undefined : tell(told))) };
}

/** Why an image cannot be fetched at all: larder is offline, or does not stand in for its registry. Null when it can. */
function whyUnreachable(upstreams: Upstreams, reference: Reference): RegistryError | null {
  const name = formatReference(reference);
  const { namespace } = reference;
  const isStranger = namespace !== LOCAL && !upstreams.knows(namespace);
  const stranger = `does not stand in for ${namespace}`;
  if (upstreams.offline) {
    const why = isStranger ? `larder is offline, and ${stranger}` : "larder is offline";
    const other = isStranger ? "" : "switch it with `larder offline off`, or ";
    const message = `${name} cannot be fetched: ${why}; ${other}bring the image with \`larder upload\``;
    return new RegistryError("UPSTREAM_UNAVAILABLE", message);
  }
  if (!isStranger) return null;
  const message = `${name} cannot be fetched: this larder ${stranger}; start it with --stand-in ${namespace}`;
  return new RegistryError("DENIED", message);
}

function alreadyHere(digest: string, warning: string): FetchWork {
  return {
    work: async (tell) => {
      tell({ kind: "resolved", digest, warning });
      return { kind: "done" };
    },
  };
}
