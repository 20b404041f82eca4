import { hrefOf } from "../parts/route.ts";

/** What of an image is shown: part of the address, so that it can be sent to somebody. */
export type ImagePlace = {
  readonly platform?: string | undefined;
  readonly tab?: string | undefined;
  readonly layer?: string | undefined;
  readonly folder?: string | undefined;
};

/** The address of a place in the view of an image. */
export function imageHref(name: string, place: ImagePlace = {}): string {
  return hrefOf("image", name, place);
}

/** The place that an address names. */
export function placeOf(query: URLSearchParams): ImagePlace {
  const text = (name: string) => query.get(name) ?? undefined;
  return { platform: text("platform"), tab: text("tab"), layer: text("layer"), folder: text("folder") };
}
