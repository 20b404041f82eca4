import { checkAnswer } from "../http/admin/check-answer.ts";
import { LiveStreams } from "../http/admin/live-streams.ts";
import { LiveFeed } from "../registry/live/live-feed.ts";
import type { AccountComposition } from "./compose-accounts.ts";
import type { Foundation, ServerEnvironment } from "./foundation.ts";

/** What tells of what happens, while somebody watches. */
export type LiveComposition = { readonly feed: LiveFeed; readonly streams: LiveStreams };

/** Makes what tells those who watch, and connects it with what changes. */
export function composeLive(
  { variables }: ServerEnvironment,
  { metadata, changes }: Foundation,
  accounts: AccountComposition,
): LiveComposition {
  const feed = new LiveFeed({ events: metadata.events, changes });
  for (const directory of [accounts.users, accounts.tokens]) directory.subscribe(() => changes.changed("accounts"));
  metadata.pins.subscribe(() => changes.changed("pins"));
  metadata.recordings.subscribe(() => changes.changed("recordings"));
  const check =
    variables["LARDER_CHECK_ANSWERS"] === "1" ? (message: unknown) => checkAnswer("watch", message) : undefined;
  return { feed, streams: new LiveStreams({ feed, ...(check && { check }) }) };
}
