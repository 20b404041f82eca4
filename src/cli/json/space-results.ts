/** The results of `du`. */
import * as v from "valibot";
import * as server from "../../admin/space-schemas.ts";
import { bytes, digest, time } from "./json-values.ts";

/** What takes the space, as a whole: `du`. */
export const spaceResult = server.space;

const image = {
  image: v.pipe(v.string(), v.description("its full name, by its first tag, or by its digest")),
  tags: v.array(v.string()),
  digest,
  kind: v.picklist(["pushed", "cached"]),
  sizeBytes: bytes,
  ownBytes: v.pipe(bytes, v.description("what its going would give back")),
  usedAt: v.pipe(time, v.description("when it was pulled last or, if it never was, when it came")),
  pulledAt: v.nullable(time),
} as const;
/** What images take: `du NAME`. */
export const imageSpaceResult = v.array(
  v.object({
    ...image,
    heldBy: v.pipe(v.nullable(v.string()), v.description("why it is never evicted; null: it may be")),
  }),
);
/** What would go next: `du --next`. */
export const nextEvictionsResult = v.array(v.object(image));
