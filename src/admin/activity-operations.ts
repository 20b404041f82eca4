import { history, historyQuery, nodePage, nodeQuery, upstreamList } from "./activity-schemas.ts";
import { eventPage, eventQuery, liveMessage, watchQuery } from "./live-schemas.ts";
import { operation } from "./operation.ts";

/** Operations of the admin API: what happens, happened, and who is pulling. */
export const ACTIVITY_OPERATIONS = {
  watch: operation("GET", "/live", {
    action: "pull",
    summary: "Tell what happens, as it happens",
    description:
      "A stream of server-sent events, which ends after some minutes: a browser comes back by itself and goes on where it was, and so does whoever sends `Last-Event-ID`. What was missed meanwhile is told, unless it is too much. Who may not pull from a repository is told nothing of it; who did something, and from where, is told to those who may administer.",
    query: watchQuery,
    form: "events",
    answer: liveMessage,
  }),
  listEvents: operation("GET", "/events", {
    action: "pull",
    summary: "List what happened to images lately, the newest first",
    description:
      "What whoever asks may not pull is left out, so that a page may be shorter than its `limit`; `who` and `from` as in `watch`.",
    query: eventQuery,
    answer: eventPage,
  }),
  getHistory: operation("GET", "/history", {
    action: "pull",
    isWork: true,
    summary: "Tell when what was answered, from disk and from upstream",
    description:
      "Sums of five minutes go back two days, sums of hours ninety: a time that begins earlier is told of by the hour. Times in which nothing was answered are there, with zeros. A larder that is rebuilt from its snapshots begins anew.",
    query: historyQuery,
    answer: history,
  }),
  listUpstreams: operation("GET", "/upstreams", {
    action: "pull",
    summary: "Tell how the upstream registries are, as was seen last",
    description:
      "Answers at once, and has them asked meanwhile when that is long ago; `watch` says when something else came out.",
    answer: upstreamList,
  }),
  listNodes: operation("GET", "/nodes", {
    action: "administer",
    summary: "List who has pulled lately, and with which program",
    description:
      "By address, as trusted proxies tell it; the 5,000 that pulled last. Addresses are people's, so that it takes the right to administer. Pages as in `listImages`.",
    query: nodeQuery,
    answer: nodePage,
  }),
} as const;
