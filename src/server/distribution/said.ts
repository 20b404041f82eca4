import { describeOrigin, type Origin } from "../settings/given-settings.ts";
import type { DistributionKey, KeyValue } from "./key.ts";

/** A key of registry:2's that somebody said, with its value and where. */
export type Said = {
  readonly row: DistributionKey;
  /** As it was said: `http.headers.X-Frame-Options`. */
  readonly key: string;
  readonly value: KeyValue;
  readonly origin: Origin;
};

/** `config.yml:3: http.addr`, or the variable that says it. */
export function placeOf({ key, origin }: Pick<Said, "key" | "origin">): string {
  return origin.kind === "file" ? `${describeOrigin(origin)}: ${key}` : `${describeOrigin(origin)} (${key})`;
}
