import type { AnswerOf, InputOf } from "../../admin/contract.ts";
import { repositoryOf } from "../../oci/repository.ts";
import type { EventStore, StoreEvent } from "../../storage/events.ts";
import type { AdminAsker } from "./admin-asker.ts";
import { listedEventOf } from "./live-message.ts";
import type { LiveStreams } from "./live-streams.ts";
import type { Standing } from "./standing.ts";

/** What the operations on what is happening work on. */
export type LiveParts = {
  readonly streams: LiveStreams;
  readonly events: Pick<EventStore, "listBefore">;
};

/** The operations on what is happening, and has happened. */
export function liveActions({ streams, events }: LiveParts) {
  return {
    watch: ({ after }: InputOf<"watch">, _: AbortSignal, { watcher }: AdminAsker) =>
      streams.open(watcher, parseEventId(watcher.lastEventId) ?? after ?? null),
    listEvents: async (
      { before, limit }: InputOf<"listEvents">,
      _: AbortSignal,
      { watcher }: AdminAsker,
    ): Promise<AnswerOf<"listEvents">> => {
      const standing = await watcher.look();
      const found = await events.listBefore(before ?? null, limit + 1);
      const page = found.slice(0, limit);
      const seen: StoreEvent[] = [];
      for (const event of page) if (await maySee(event, standing)) seen.push(event);
      return {
        events: seen.map((event) => listedEventOf(event, standing.isAdministrator)),
        next: found.length > limit ? (page.at(-1)?.id ?? null) : null,
      };
    },
  };
}

/** What is about no repository may be about any. */
async function maySee({ repository }: StoreEvent, { mayPull, isAdministrator }: Standing): Promise<boolean> {
  if (mayPull === undefined) return true;
  return repository === null ? isAdministrator : mayPull(repositoryOf(repository));
}

/** Null for what is no id of larder's: a client may send what it likes. */
function parseEventId(text: string | null): number | null {
  return text !== null && /^\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : null;
}
