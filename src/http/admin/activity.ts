import type { ListedUpstream } from "../../admin/activity-schemas.ts";
import type { AnswerOf, InputOf } from "../../admin/contract.ts";
import type { ClientNodes } from "../../registry/live/client-nodes.ts";
import type { UpstreamHealth } from "../../registry/pull/upstream-health.ts";
import type { Upstreams } from "../../registry/pull/upstreams.ts";
import type { AdminAsker } from "./admin-asker.ts";
import { type HistoryParts, readHistory } from "./history.ts";
import { listNodes } from "./nodes.ts";

/** What the operations on what has been answered work on. */
export type ActivityParts = HistoryParts & {
  readonly nodes: Pick<ClientNodes, "all">;
  readonly upstreams: Upstreams;
  readonly upstreamHealth: UpstreamHealth;
};

/** The operations on what has been answered, to whom, and on those that larder asks. */
export function activityActions(parts: ActivityParts) {
  return {
    getHistory: (query: InputOf<"getHistory">, signal: AbortSignal, { mayPull }: AdminAsker) =>
      readHistory(parts, query, signal, mayPull),
    listUpstreams: async (): Promise<AnswerOf<"listUpstreams">> => upstreamsOf(parts),
    listNodes: async (query: InputOf<"listNodes">): Promise<AnswerOf<"listNodes">> => listNodes(parts.nodes, query),
  };
}

/** As far as it is known at this moment. */
function upstreamsOf({ upstreams, upstreamHealth }: ActivityParts): AnswerOf<"listUpstreams"> {
  const { offline } = upstreams;
  const known = offline ? null : upstreamHealth.known();
  const told = new Map(known?.states.map((state) => [state.namespace, state]));
  const listed = upstreams.all().map(({ namespace, client }): ListedUpstream => {
    const { problem = null, cautions = [] } = told.get(namespace) ?? {};
    return { namespace, state: client.reachability(), problem, cautions: [...cautions], rateLimit: client.rateLimit() };
  });
  return { offline, checkedAtMs: known?.atMs ?? null, upstreams: listed };
}
