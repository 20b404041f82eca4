import type { ChartLocation } from "./found/found-image.ts";

/** A chart as it was fetched. */
export type FetchedChart = {
  /** The `.tgz`. */
  readonly archive: Uint8Array;
  /** The artifact of an OCI registry that it came from, `HOST/PATH/NAME:TAG`; null for other places. */
  readonly artifact: string | null;
};

/** Fetches charts from where they lie. */
export interface ChartSource {
  /** The chart at an `https://` or `oci://` location; its values are not looked at. Throws an Error that says why there is none. */
  fetch(location: Omit<ChartLocation, "values">, signal: AbortSignal): Promise<FetchedChart>;
}
