import { ImageMeasurer } from "../registry/images/image-measurer.ts";
import { ImageSearch } from "../registry/images/image-search.ts";
import { ImageSurvey } from "../registry/images/image-survey.ts";
import type { SearchOrder } from "../registry/names/search-order.ts";
import type { RegistryComposition } from "./compose-registry.ts";
import type { Foundation } from "./foundation.ts";

/** What finds images. */
export type SearchComposition = ReturnType<typeof composeSearch>;

/** Wires what people look for images with. */
export function composeSearch(of: RegistryComposition, { metadata, turns }: Foundation, order: SearchOrder) {
  const { manifests, tags, holdings, imageSearch: store } = metadata;
  const { blobs, files, pins, holds } = of;
  const measurer = new ImageMeasurer({
    store,
    manifests,
    tags,
    survey: (signal, enoughParts) =>
      new ImageSurvey({ manifests, tags, holdings, blobs, files, order }, turns.begin(signal), enoughParts),
    turns,
  });
  return {
    search: new ImageSearch({ store, pins, holds, measurer, turns }),
    stop: () => measurer.stop(),
  };
}
