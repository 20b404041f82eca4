import type { Arrival, ArrivedCertificate } from "../access/principal.ts";
import { type IpAddress, tryParseIpAddress } from "../lib/net/ip-address.ts";

/** What a listener knows of its connections, as Bun's servers do, and which certificate a client has shown, if it asked for one. */
export type Listener = Pick<Bun.Server<undefined>, "requestIP" | "timeout" | "hostname" | "port" | "protocol"> & {
  readonly certificate?: ArrivedCertificate | null;
};

/** How a request reached this listener. To be called before anything is awaited: the client may be gone soon. */
export function arrivalOf(request: Request, listener: Listener): Arrival {
  return {
    remote: listener.requestIP(request),
    local: { address: listeningAddress(listener), port: listener.port ?? 0 },
    scheme: schemeOfListener(listener),
    certificate: listener.certificate ?? null,
  };
}

/** The scheme that clients use who come to this listener themselves. */
export function schemeOfListener({ protocol }: Pick<Listener, "protocol">): "http" | "https" {
  return protocol === "https" ? "https" : "http";
}

/** Null for a listener on all addresses, or on a name. */
function listeningAddress({ hostname }: Listener): IpAddress | null {
  const address = tryParseIpAddress(hostname ?? "");
  return address?.range() === "unspecified" ? null : address;
}
