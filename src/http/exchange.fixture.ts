import type { Authenticator } from "../access/principal.ts";
import type { Listener } from "./arrival-of.ts";
import { Exchange } from "./exchange.ts";
import { Pipeline, type PipelineParts } from "./pipeline.ts";
import { RequestIds } from "./request-id.ts";
import type { Pages } from "./pages.ts";

/** A listener without a socket, whose client has this address. */
export function listenerOf(address: string | null, timeouts: number[] = []): Listener {
  return {
    requestIP: () => (address === null ? null : { address, port: 40_000, family: "IPv4" }),
    timeout: (_, seconds) => void timeouts.push(seconds),
    hostname: "0.0.0.0",
    port: 5000,
    protocol: "http",
  };
}

const ownMachine: Authenticator = { authenticate: () => Promise.resolve({ kind: "own-machine" }) };

/** A pipeline over these parts, with one that does nothing for each that is left out. */
export function pipelineOf(parts: Partial<PipelineParts> & { readonly pages: readonly Pages[] }): Pipeline {
  return new Pipeline({
    authenticator: ownMachine,
    observers: [],
    spans: null,
    requestIds: new RequestIds("test"),
    asking: () => ({ trustedProxies: [], publicUrl: null, basicRealm: null }),
    headers: () => [],
    log: { write: () => {} },
    elapsed: () => 0,
    ...parts,
  });
}

/** An exchange for pages that are asked without a pipeline around them. */
export function exchangeOf(request: Request, listener: Listener = listenerOf("127.0.0.1")): Exchange {
  return new Exchange(request, listener, pipelineOf({ pages: [] }));
}
