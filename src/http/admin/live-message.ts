import type { LiveMessage, ListedEvent } from "../../admin/live-schemas.ts";
import type { LiveNews } from "../../registry/live/live-feed.ts";
import type { TransferState } from "../../registry/live/transfer-watch.ts";
import type { StoreEvent } from "../../storage/events.ts";

/** The message of what happened; `tellsWho`: to who may administer. */
export function liveMessageOf(news: LiveNews, tellsWho: boolean): LiveMessage {
  switch (news.kind) {
    case "happened":
      return { kind: "happened", ...listedEventOf(news.event, tellsWho) };
    case "changed":
    case "traffic":
      return news;
    case "transfers":
      return { ...news, transfers: news.transfers.map((one) => transferOf(one, tellsWho)) };
    default:
      return news satisfies never;
  }
}

function transferOf(
  state: TransferState,
  tellsWho: boolean,
): Extract<LiveMessage, { kind: "transfers" }>["transfers"][number] {
  if (state.kind === "download") return state;
  const { client, ...rest } = state;
  const { who, from, agent } = client;
  const told = { who, from, runtime: agent?.runtime ?? null, runtimeVersion: agent?.version ?? null };
  return { ...rest, ...(tellsWho ? told : { who: null, from: null, runtime: null, runtimeVersion: null }) };
}

/** An event as whoever looks sees it; `tellsWho` as in `liveMessageOf`. */
export function listedEventOf(event: StoreEvent, tellsWho: boolean): ListedEvent {
  const { id, atMs, kind, repository, tag, digest, mediaType, sizeBytes } = event;
  const image = repository === null ? null : tag === null ? `${repository}@${digest ?? ""}` : `${repository}:${tag}`;
  const cause = tellsWho ? { who: event.who, from: event.from } : { who: null, from: null };
  return { id, atMs, event: kind, image, digest, mediaType, sizeBytes, ...cause };
}
