import type { Arrival } from "../access/principal.ts";
import { type IpAddress, tryParseIpAddress } from "../lib/net/ip-address.ts";

/** How a request got to this server. To be asked before anything is waited for: who sent it may be gone soon. */
export function arrivalOf(request: Request, server: Bun.Server<undefined>): Arrival {
  return {
    remote: server.requestIP(request),
    local: { address: listeningAddress(server), port: server.port ?? 0 },
    scheme: server.protocol === "https" ? "https" : "http",
  };
}

/** Null for a server that listens on all addresses, or on a name. */
function listeningAddress({ hostname }: Bun.Server<undefined>): IpAddress | null {
  const address = tryParseIpAddress(hostname ?? "");
  return address?.range() === "unspecified" ? null : address;
}
