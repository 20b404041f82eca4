import type { LiveMessage, ListedEvent } from "../../admin/live-schemas.ts";
import type { LiveNews } from "../../registry/live/live-feed.ts";
import type { StoreEvent } from "../../storage/events.ts";

/** The message of what happened; `tellsWho`: to who may administer. */
export function liveMessageOf(news: LiveNews, tellsWho: boolean): LiveMessage {
  switch (news.kind) {
    case "happened":
      return { kind: "happened", ...listedEventOf(news.event, tellsWho) };
    case "changed":
      return news;
    default:
      return news satisfies never;
  }
}

/** An event as whoever looks sees it; `tellsWho` as in `liveMessageOf`. */
export function listedEventOf(event: StoreEvent, tellsWho: boolean): ListedEvent {
  const { id, atMs, kind, repository, tag, digest, mediaType, sizeBytes } = event;
  const image = repository === null ? null : tag === null ? `${repository}@${digest ?? ""}` : `${repository}:${tag}`;
  const cause = tellsWho ? { who: event.who, from: event.from } : { who: null, from: null };
  return { id, atMs, event: kind, image, digest, mediaType, sizeBytes, ...cause };
}
