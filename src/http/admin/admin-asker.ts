import type { MayPull } from "../../registry/names/search-order.ts";
import type { Asker } from "../exchange.ts";

/** Who asks, and what they may pull from; undefined: everything. */
export type AdminAsker = Asker & { readonly mayPull?: MayPull };
