import type { MayPull } from "../../registry/names/search-order.ts";
import type { Puller } from "../../registry/pull/origin.ts";
import type { Watcher } from "./standing.ts";
import type { Asker, Exchange } from "../exchange.ts";

/** Who asks, and what they may pull from; undefined: everything. */
export type AdminAsker = Asker & {
  readonly mayPull?: MayPull;
  /** As whom something is pulled for them: with their own credentials, and with larder's for its administrator alone. */
  readonly puller: () => Promise<Puller>;
  /** The same, for what goes on for minutes. */
  readonly watcher: Watcher;
  /** For what is about the request itself, such as signing in. */
  readonly exchange: Exchange;
};
