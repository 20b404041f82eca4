import type { Arrival } from "../access/principal.ts";
import { type IpAddress, tryParseIpAddress } from "../lib/net/ip-address.ts";

/** What a listener knows of its connections, as Bun's servers do. */
export type Listener = Pick<Bun.Server<undefined>, "requestIP" | "timeout" | "hostname" | "port" | "protocol">;

/** How a request reached this listener. To be called before anything is awaited: the client may be gone soon. */
export function arrivalOf(request: Request, listener: Listener): Arrival {
  return {
    remote: listener.requestIP(request),
    local: { address: listeningAddress(listener), port: listener.port ?? 0 },
    scheme: listener.protocol === "https" ? "https" : "http",
  };
}

/** Null for a listener on all addresses, or on a name. */
function listeningAddress({ hostname }: Listener): IpAddress | null {
  const address = tryParseIpAddress(hostname ?? "");
  return address?.range() === "unspecified" ? null : address;
}
