/** Discovery: which images files name, and which of them are here. */
import * as v from "valibot";
import { bytes, count, platformSelection } from "./basic-schemas.ts";
import { DISCOVERY_LIMITS } from "./discovery-limits.ts";
import { checkedImage, failed } from "./image-schemas.ts";
import type { Shape } from "./shape.ts";

/** Of the request's body, the files with what the tar says of each. */
export const DISCOVERY_BODY_BYTES = DISCOVERY_LIMITS.bytes + DISCOVERY_LIMITS.files * 2048;

const flag = v.optional(v.picklist(["true", "false"]), "false");
const word = v.pipe(v.string(), v.minLength(1), v.maxLength(100));

/** How files are looked through. */
export const discoveryQuery = {
  platforms: v.optional(
    v.pipe(
      v.string(),
      v.maxLength(2000),
      v.description(
        "what is wanted of each image: platforms between commas (`linux/amd64,linux/arm64`), or `all`; left out: as `prefer` says",
      ),
    ),
  ),
  prefer: v.optional(
    v.pipe(
      v.string(),
      v.maxLength(255),
      v.description(
        "the platform of a machine that would pull them: what it would take, unless a file asks for another; left out: that of the machine that larder runs on",
      ),
    ),
  ),
  strict: v.pipe(flag, v.description("`true`: leave out guesses")),
  helm: v.optional(v.pipe(v.picklist(["3", "4"]), v.description("whose rules hold for charts; left out: Helm 4's"))),
  kubernetes: v.optional(
    v.pipe(word, v.description("also the images of this release: `v1.31.2`, `1.31` for its newest known patch")),
  ),
  runtime: v.optional(
    v.pipe(word, v.description("with `kubernetes`: the nodes' runtime, for its sandbox image: `containerd@2.1`")),
  ),
  addOns: v.optional(
    v.pipe(
      v.string(),
      v.maxLength(500),
      v.description("with `kubernetes`: add-ons, between commas: `flannel`, `metallb@0.16.1`"),
    ),
  ),
} as const;

const place = {
  file: v.pipe(v.string(), v.description("its path, as it was given")),
  line: v.pipe(v.nullable(count), v.description("counted from 1; null: the file as a whole")),
} as const;

const askedPlatform = v.pipe(
  v.nullable(v.string()),
  v.description("the platform that the file asks for, as it writes it; null: none"),
);

/** A line of what was found. */
export const discoveryLine = v.variant("kind", [
  v.object({ kind: v.literal("received"), files: count, bytes }),
  v.object({
    kind: v.literal("reference"),
    image: v.pipe(v.string(), v.description("the full name")),
    written: v.pipe(v.string(), v.description("as it stands in the file, or as its parts were put together")),
    ...place,
    certainty: v.pipe(
      v.picklist(["field", "guess"]),
      v.description("`field`: it stands where an image is named; `guess`: it looks like one"),
    ),
    source: v.pipe(v.string(), v.description("the sort of file: `kubernetes`, `helm`, `compose`, …")),
    platform: askedPlatform,
    isBuiltLocally: v.pipe(
      v.boolean(),
      v.description("its tag is `local`: it is built on the machine that runs it, and no registry has it"),
    ),
  }),
  v.object({
    kind: v.literal("problem"),
    severity: v.pipe(
      v.picklist(["error", "note", "elsewhere"]),
      v.description(
        "`error`: images may be missing from the list; `elsewhere`: the file names something that is not among the files; `note`: something to know",
      ),
    ),
    ...place,
    message: v.string(),
  }),
  v.object({
    kind: v.literal("image"),
    image: v.pipe(v.string(), v.description("the full name")),
    platforms: platformSelection,
    platform: askedPlatform,
    isGuess: v.pipe(v.boolean(), v.description("do nothing but guesses name it?")),
    ...checkedImage.entries,
  }),
  v.object({
    kind: v.literal("done"),
    images: v.pipe(count, v.description("all of them, each once for what is wanted of it")),
    whole: v.pipe(count, v.description("those that are here whole")),
    missingBytes: v.pipe(
      count,
      v.description("what is known to be missing, in bytes: of images whose manifests are here, each blob once"),
    ),
    left: v.pipe(count, v.description("things that were found and are not told, for their number")),
    isWhole: v.pipe(v.boolean(), v.description("was everything read, and nothing elsewhere?")),
  }),
  failed,
]);
/** A line of what was found. */
export type DiscoveryLine = Shape<typeof discoveryLine>;
