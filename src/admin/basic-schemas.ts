/**
 * What all parts of the contract are made of. Times are milliseconds since 1970, sizes are bytes. What is absent is null.
 *
 * Only such schemas are used as JSON Schema has: nothing that transforms, brands or freezes (`openapi.ts` converts them).
 */
import * as v from "valibot";

/** A whole number from 0 on. */
export const count = v.pipe(v.number(), v.integer(), v.minValue(0));
/** A size in bytes. */
export const bytes = v.pipe(v.number(), v.integer(), v.minValue(0), v.description("bytes"));
/** A time in milliseconds since 1970. */
export const timeMs = v.pipe(v.number(), v.integer(), v.minValue(0), v.description("milliseconds since 1970"));
/** A duration in milliseconds. */
export const durationMs = v.pipe(v.number(), v.integer(), v.minValue(0), v.description("milliseconds"));
/** A digest: its algorithm, a colon and hexadecimal digits. */
export const digest = v.pipe(v.string(), v.description("`sha256:` or `sha512:`, and the digits"));

/** A sentence for people; null when there is nothing to say. `what` describes it in the API's document. */
export function sentence(what: string) {
  return v.pipe(v.nullable(v.string()), v.description(what));
}

/** An image as people name it to larder, or as larder prints it. */
export const imageName = v.pipe(
  v.string(),
  v.minLength(1),
  v.maxLength(1024),
  v.description(
    "an image: its full name (`docker.io/library/nginx:1.27`, `quay.io/coreos/etcd@sha256:…`; `local/` stands for what was pushed under larder's own address), or as Docker would read it (`nginx`)",
  ),
);

/** A selection of an index's images by platform. */
export const platformSelection = v.pipe(
  v.union([
    v.literal("all"),
    v.pipe(v.array(v.string()), v.minLength(1), v.maxLength(50)),
    v.strictObject({ prefer: v.string() }),
  ]),
  v.description(
    "platforms such as `linux/arm64`, the one that a machine of a platform would take (`prefer`), or `all`, attestations included",
  ),
);
