/**
 * What is happening, as it happens: the messages of `watch`, one JSON document each. A later version may have more kinds: what
 * is not known is passed over.
 *
 * Who does it, and from where, is told to those alone who may administer; others see that it is done.
 */
import * as v from "valibot";
import { bytes, count, digest, sentence, timeMs } from "./basic-schemas.ts";
import type { Shape } from "./shape.ts";

const who = sentence("the name of who did it; null: nobody said, or whoever asks may not administer");
const from = sentence("the client's address; null as with `who`");
const bytesPerSecond = v.pipe(count, v.description("over the last seconds"));

/** What happened to images: the same words as in docs/events. */
const eventKind = v.picklist([
  "pushed",
  "cached",
  "imported",
  "removed",
  "expired",
  "evicted",
  "collected",
  "damaged",
  "healed",
]);

const eventEntries = {
  id: v.pipe(count, v.description("grows from event to event")),
  atMs: timeMs,
  event: eventKind,
  image: sentence(
    "its full name, with its tag if there is one, else with its digest; null: it is about no single image",
  ),
  digest: v.nullable(digest),
  mediaType: v.nullable(v.string()),
  sizeBytes: v.pipe(v.nullable(bytes), v.description("of the image, or given back; null: not known")),
  who,
  from,
} as const;

/** Something that happened, in a list. */
const listedEvent = v.object(eventEntries);
/** Something that happened, as `listEvents` tells of it. */
export type ListedEvent = Shape<typeof listedEvent>;

const happened = v.object({ kind: v.literal("happened"), ...eventEntries });

/** What is on its way. `id` is the same in each message of it. */
const transferEntries = {
  id: v.string(),
  repository: v.pipe(v.string(), v.description("the full name, without a tag")),
  startedAtMs: timeMs,
  bytes: v.pipe(bytes, v.description("that have come, or gone, so far")),
  sizeBytes: v.pipe(v.nullable(bytes), v.description("in all, as far as that is known")),
  bytesPerSecond,
} as const;

const download = v.object({
  kind: v.literal("download"),
  ...transferEntries,
  digest,
  readers: v.pipe(count, v.description("clients that read it as it comes")),
});

const clientEntries = {
  who,
  from,
  runtime: sentence(
    "what pulls or pushes: `containerd`, `docker`, `podman`, …; null: it does not say, or as with `who`",
  ),
  runtimeVersion: sentence("its version; null as with `runtime`"),
} as const;

const pull = v.object({
  kind: v.literal("pull"),
  ...transferEntries,
  ...clientEntries,
  reference: sentence("the tag or digest that was asked for; null: it was not seen"),
  source: v.pipe(
    v.picklist(["disk", "upstream", "stale"]),
    v.description("a hit, a miss, or a hit that may be older than upstream's"),
  ),
  layers: v.pipe(count, v.description("blobs that are asked for or done, the config included")),
  layersDone: count,
  layersInAll: v.pipe(
    v.nullable(count),
    v.description("that the image has; null: not known. A client fetches what it lacks"),
  ),
  isDone: v.pipe(v.boolean(), v.description("nothing of it is on its way any more")),
});

const push = v.object({ kind: v.literal("push"), ...transferEntries, ...clientEntries });

/** Something that is on its way: a download from upstream, a client's pull of an image, or a push. */
const transfer = v.variant("kind", [download, pull, push]);

const transfers = v.object({
  kind: v.literal("transfers"),
  atMs: timeMs,
  transfers: v.pipe(v.array(transfer), v.description("all that is on its way, the oldest first")),
  more: v.pipe(count, v.description("so many besides, which are left out")),
});

const traffic = v.object({
  kind: v.literal("traffic"),
  atMs: timeMs,
  overMs: v.pipe(count, v.description("the counts are those of so many milliseconds")),
  hits: count,
  misses: count,
  stale: count,
  bytesFromDisk: bytes,
  bytesFromUpstream: bytes,
});

const changed = v.object({
  kind: v.literal("changed"),
  what: v.pipe(
    v.picklist([
      "everything",
      "offline",
      "upstreams",
      "pins",
      "fetches",
      "recordings",
      "lists",
      "accounts",
      "audit",
      "notifications",
      "settings",
    ]),
    v.description("ask for it again; `everything`: too much was missed to tell of it"),
  ),
});

/** A message of `watch`. */
export const liveMessage = v.variant("kind", [happened, transfers, traffic, changed]);
/** A message of `watch`. */
export type LiveMessage = Shape<typeof liveMessage>;

/** From where on what happened is told. */
export const watchQuery = {
  after: v.optional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(0),
      v.description(
        "the id of the last message that was seen; the header `Last-Event-ID` says the same, and counts more",
      ),
    ),
  ),
} as const;

/** Which events are listed. */
export const eventQuery = {
  before: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.description("the `next` of the page before"))),
  limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(500)), 100),
} as const;
/** A page of what happened, the newest first. */
export const eventPage = v.object({
  events: v.array(listedEvent),
  next: v.pipe(v.nullable(count), v.description("what to ask with as `before`; null: this is the end")),
});
