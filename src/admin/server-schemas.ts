/** The server itself: what it is, how it does, what it is to do. */
import * as v from "valibot";
import { bytes, count, digest, durationMs, sentence, timeMs } from "./basic-schemas.ts";
import { needingImages, rot } from "./image-schemas.ts";
import type { Shape } from "./shape.ts";

/** The name and the version of the server, and what short names mean to it. */
export const versionAnswer = v.object({
  name: v.literal("larder"),
  version: v.string(),
  instance: v.pipe(v.string(), v.description("this process of larder, anew at each start")),
  unqualified: v.pipe(
    v.array(v.string()),
    v.description("the registries that names without one are looked for at, in this order"),
  ),
});

const reachability = v.pipe(
  v.picklist(["reachable", "suspect", "away"]),
  v.description("can the registry be reached? `suspect`: not just now, but a moment ago"),
);

/** The state of the disk, the store and the upstream registries. */
export const health = v.object({
  disk: v.pipe(
    v.object({ freeBytes: bytes, sizeBytes: bytes }),
    v.description("the file system of the data folder: what larder may still write, and all of it"),
  ),
  storeProblem: sentence("why nothing may be written, and what to do; null when all is well"),
  rot: sentence("which images have damaged blobs, and what to do; null when none is known"),
  spaceProblem: sentence(
    "why the limits of space are not kept, and nothing more is kept of what is pulled; null when all is well",
  ),
  offline: v.boolean(),
  upstreams: v.pipe(
    v.array(
      v.object({
        namespace: v.string(),
        problem: sentence("why it does not answer; null when it does"),
        state: reachability,
        cautions: v.pipe(v.array(v.string()), v.description("what is unsafe in the way to it, such as skipVerify")),
      }),
    ),
    v.description(
      "whether each upstream registry answers; empty while offline. One that is `away` is tried again in the background, and what is here is served without it meanwhile",
    ),
  ),
});
/** The state of the disk, the store and the upstream registries. */
export type Health = Shape<typeof health>;

/** The counts of one namespace's traffic. */
export const namespaceCounts = v.object({
  namespace: v.pipe(v.string(), v.description("of very many, those that came last are counted together, as `other`")),
  hits: count,
  misses: count,
  stale: v.pipe(count, v.description("hits that may be older than what the registry has, since it could not be asked")),
  bytesFromDisk: bytes,
  bytesFromUpstream: bytes,
  bytesSaved: v.pipe(
    count,
    v.description("what would have been fetched without larder: bytes from disk, where there is an upstream"),
  ),
});
/** The counts of one namespace's traffic. */
export type NamespaceCounts = Shape<typeof namespaceCounts>;

/** The counts of one namespace's traffic, with the state of its registry. */
export const namespaceStats = v.object({
  ...namespaceCounts.entries,
  upstream: v.pipe(
    v.nullable(v.picklist(["reachable", "suspect", "away"])),
    v.description("as in `getHealth`; null without an upstream"),
  ),
  rateLimit: v.pipe(
    v.nullable(
      v.object({
        limit: v.number(),
        remaining: v.number(),
        windowSeconds: v.nullable(v.number()),
        seenAtMs: timeMs,
      }),
    ),
    v.description("the allowance that the registry spoke of last; null when it never did"),
  ),
});
/** The counts of one namespace's traffic, with the state of its registry. */
export type NamespaceStats = Shape<typeof namespaceStats>;

/** How verification does: how far the pass over all blobs has come, and what is rotten now. */
export const verification = v.object({
  pass: v.pipe(
    v.nullable(
      v.object({
        startedAtMs: timeMs,
        endedAtMs: v.pipe(v.nullable(timeMs), v.description("null: it is on its way")),
        blobs: count,
        bytes,
        rotten: v.pipe(count, v.description("blobs that it found rotten")),
      }),
    ),
    v.description("the pass that is on its way, or ended last; null when none has begun"),
  ),
  lastEndedAtMs: v.pipe(v.nullable(timeMs), v.description("when a pass last came to its end; null when none did")),
  rotten: v.pipe(
    v.object({ damaged: count, missing: count, unreadable: count }),
    v.description("blobs whose bytes cannot be had from here now"),
  ),
  first: v.pipe(
    v.array(v.object({ digest, rot, reason: v.string(), sinceMs: timeMs, images: needingImages })),
    v.description("the first of these"),
  ),
});
/** How verification does. */
export type VerificationAnswer = Shape<typeof verification>;

/** The counts of all traffic, and what an operator should know of the store. */
export const stats = v.object({
  sinceMs: v.pipe(timeMs, v.description("when larder began to count, in milliseconds since 1970")),
  offline: v.boolean(),
  namespaces: v.array(namespaceStats),
  total: v.pipe(
    v.nullable(v.object({ sinceMs: timeMs, namespaces: v.array(namespaceCounts) })),
    v.description("the same over all starts, since the store began to count; null when the store cannot be read"),
  ),
  aside: v.pipe(
    v.object({ files: count, damaged: count, bytes }),
    v.description("files that were set aside, because no record names them or (`damaged`) their bytes are wrong"),
  ),
  verification: v.pipe(v.nullable(verification), v.description("null when the store cannot be read")),
  collectionRefusal: sentence("why nothing is collected, and what to do; null when nothing speaks against it"),
  storeProblem: sentence("why nothing may be written at all, and what to do; null when all is well"),
});
/** The counts of all traffic, and what an operator should know of the store. */
export type Stats = Shape<typeof stats>;

/** Whether larder is offline. */
export const offlineState = v.strictObject({
  offline: v.pipe(v.boolean(), v.description("is contacting upstream registries forbidden?")),
});

/** The options of a collection that is asked for. */
export const collectRequest = v.strictObject({
  graceMs: v.optional(
    v.pipe(durationMs, v.description("replaces the configured period for what pushes in flight may need")),
  ),
  setAsideAll: v.optional(
    v.pipe(v.boolean(), v.description("set files without a record aside, however many they are")),
  ),
  giveUpAfterMs: v.optional(v.pipe(durationMs, v.description("delete what was set aside so long ago"))),
});
/** The options of a collection that is asked for. */
export type CollectRequest = Shape<typeof collectRequest>;

/** The outcome of a collection. */
export const collection = v.object({
  manifests: count,
  links: count,
  blobs: count,
  bytes,
  setAside: v.pipe(count, v.description("files that were set aside, for want of a record")),
  broughtBack: v.pipe(count, v.description("files that were brought back, since they have a record again")),
  givenUp: v.pipe(count, v.description("files that had been set aside and were deleted")),
  tags: v.pipe(count, v.description("tags that the retention rules took")),
  notice: sentence("why nothing goes by itself at present; null when it does"),
  problem: sentence("what kept the collection from its work, and what to do; null when nothing did"),
});
/** The outcome of a collection. */
export type Collection = Shape<typeof collection>;
