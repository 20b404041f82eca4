import { ImageMeasurer } from "../registry/images/image-measurer.ts";
import { ImageSearch } from "../registry/images/image-search.ts";
import { ImageSurvey } from "../registry/images/image-survey.ts";
import type { MayPull, SearchOrder } from "../registry/names/search-order.ts";
import type { RegistryComposition } from "./compose-registry.ts";
import type { Foundation } from "./foundation.ts";

/** What looks at the images that are here, and finds them. */
export type SearchComposition = ReturnType<typeof composeSearch>;

/** Wires what people look for images with. */
export function composeSearch(of: RegistryComposition, { metadata, turns }: Foundation, order: SearchOrder) {
  const { manifests, tags, holdings, imageSearch: store } = metadata;
  const { blobs, files, pins, holds } = of;
  const survey = (signal: AbortSignal, mayPull?: MayPull, enoughParts?: number) =>
    new ImageSurvey(
      { manifests, tags, holdings, blobs, files, order, ...(mayPull && { mayPull }) },
      turns.begin(signal),
      enoughParts,
    );
  const measurer = new ImageMeasurer({
    store,
    manifests,
    tags,
    survey: (signal, enoughParts) => survey(signal, undefined, enoughParts),
    turns,
  });
  return {
    survey: (signal: AbortSignal, mayPull?: MayPull) => survey(signal, mayPull),
    search: new ImageSearch({ store, pins, holds, measurer, turns }),
    stop: () => measurer.stop(),
  };
}
