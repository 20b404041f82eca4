import type { Exchange } from "../exchange.ts";
import type { ClientGuideParts } from "./client-pages-options.ts";
import { type ServerView, viewOf } from "./client-request.ts";
import { schemeOf } from "./scheme-of.ts";

/** Larder as the client of a request sees it; `remote` is where that is, null: nobody knows. Throws ClientSettingsError. */
export async function viewFor(
  exchange: Exchange,
  remote: string | null,
  options: ClientGuideParts,
): Promise<ServerView> {
  const { standIns, authorityPem, sockets, addresses, addressTowards } = options;
  const isFixed = addresses.length > 0 || remote === null;
  return viewOf(schemeOf(exchange), exchange.host ?? "", {
    standIns,
    authorityPem,
    sockets: sockets(),
    addresses,
    addressTowardsClient: isFixed ? null : await addressTowards(remote),
  });
}
