/** What has been answered, by whom it was asked for, and how those are that larder asks. */
import * as v from "valibot";
import { pageQuery } from "./account-schemas.ts";
import { bytes, count, sentence, timeMs } from "./basic-schemas.ts";
import { namespaceStats } from "./server-schemas.ts";
import type { Shape } from "./shape.ts";

/** So many times are told of in one answer at most. */
export const HISTORY_TIMES = 1000;
/** So many namespaces are told of each for itself, those with the most bytes. */
export const HISTORY_SERIES = 8;

const wholeMs = v.pipe(v.number(), v.integer(), v.minValue(0));

/** Which times of the history are meant, and how they are summed up. */
export const historyQuery = {
  from: v.optional(v.pipe(wholeMs, v.description("milliseconds since 1970; left out: a day before `to`"))),
  to: v.optional(v.pipe(wholeMs, v.description("left out: now"))),
  step: v.optional(
    v.pipe(
      wholeMs,
      v.minValue(300_000),
      v.maxValue(90 * 86_400_000),
      v.description(
        "milliseconds that are summed up, in whole steps of what is kept; left out: what gives some hundred times",
      ),
    ),
  ),
  by: v.optional(v.picklist(["all", "namespace"]), "all"),
} as const;

const counts = v.pipe(v.array(count), v.description("one for each of `times`"));
const historySeries = v.object({
  namespace: sentence("a registry, `local`, or `other` for all further ones; null: all of them"),
  hits: counts,
  misses: counts,
  stale: counts,
  bytesFromDisk: counts,
  bytesFromUpstream: counts,
});
/** What was answered for a namespace, or for all. */
export type HistorySeries = Shape<typeof historySeries>;
/** When what was answered: columns, as plots take them. */
export const history = v.object({
  stepMs: count,
  times: v.pipe(v.array(timeMs), v.description("when each sum begins, one after the other")),
  series: v.pipe(v.array(historySeries), v.description("the largest first, `other` last")),
});

/** An upstream registry. */
const upstream = v.object({
  namespace: v.string(),
  state: v.pipe(
    v.picklist(["reachable", "suspect", "away"]),
    v.description("`away`: no pull waits for it, and what is cached is served without it"),
  ),
  problem: sentence("why it does not answer; null: it did, or was not asked yet"),
  cautions: v.pipe(v.array(v.string()), v.description("what is unsafe in the way to it")),
  rateLimit: namespaceStats.entries.rateLimit,
});
/** An upstream registry, in a list. */
export type ListedUpstream = Shape<typeof upstream>;
/** All upstream registries, in the order of the stand-in list. */
export const upstreamList = v.object({
  offline: v.pipe(v.boolean(), v.description("true: none is asked")),
  checkedAtMs: v.pipe(v.nullable(timeMs), v.description("when they were asked last; null: they are just being asked")),
  upstreams: v.array(upstream),
});

/** Which nodes are listed. */
export const nodeQuery = {
  search: v.optional(
    v.pipe(v.string(), v.maxLength(256), v.description("what the address, the program or the last image has in it")),
    "",
  ),
  sort: v.optional(v.picklist(["address", "runtime", "first", "last", "pulls", "hits", "misses", "bytes"]), "last"),
  order: v.optional(v.picklist(["asc", "desc"]), "desc"),
  after: v.optional(v.pipe(v.string(), v.maxLength(1024), v.description("the `next` of the page before"))),
  limit: pageQuery.limit,
} as const;

const node = v.object({
  address: v.string(),
  runtime: sentence("what it pulls with, by its own word: `containerd`, `cri-o`, `docker`, …; null: it does not say"),
  runtimeVersion: v.nullable(v.string()),
  firstPullMs: timeMs,
  lastPullMs: timeMs,
  pulls: v.pipe(count, v.description("images that it asked for; what it asks of one within ten seconds is one pull")),
  hits: v.pipe(count, v.description("answers from disk, of manifests and blobs")),
  misses: count,
  stale: count,
  bytes: v.pipe(bytes, v.description("that it was sent, of a file the whole even if it left in between")),
  lastImage: sentence("the full name of what it asked for last; null: it asked for blobs alone"),
});
/** A machine that has pulled, in a list. */
export type ListedNode = Shape<typeof node>;
/** A page of those who have pulled. */
export const nodePage = v.object({
  nodes: v.array(node),
  next: v.pipe(v.nullable(v.string()), v.description("what to ask with as `after`; null: this is the end")),
  total: v.pipe(count, v.description("how many match, on all pages")),
});
