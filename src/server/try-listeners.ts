import { startDnsServer } from "../dns/server.ts";
import { codeOf } from "../lib/files/system-error.ts";
import { describeFailure } from "../lib/failures/describe-failure.ts";
import { explainListenFailure, ListenError } from "./listen-error.ts";
import { remedyFor } from "./name-server.ts";
import type { ListenAddress } from "./settings/listen-address.ts";
import type { Settings } from "./settings/settings.ts";

/** Listens where a server with these settings would, and lets go at once. Throws a ListenError that says who is in the way. */
export async function tryListeners({ http, https, dns }: Pick<Settings, "http" | "https" | "dns">): Promise<void> {
  for (const address of http) await tryAddress(address, "--http");
  for (const address of https) await tryAddress(address, "--https");
  if (dns.length > 0) await tryDns(dns);
}

async function tryAddress(address: ListenAddress, flag: "--http" | "--https"): Promise<void> {
  let failure: unknown = null;
  for (const hostname of address.host === null ? ["::", "0.0.0.0"] : [address.host]) {
    try {
      Bun.listen({ hostname, port: address.port, socket: { data: () => {} } }).stop(true);
      return;
    } catch (error) {
      failure = error;
      // Without IPv6 there is no "::"; then IPv4 is all there is.
      if (codeOf(error) === "EADDRINUSE" || codeOf(error) === "EACCES") break;
    }
  }
  throw await explainListenFailure(address, flag, failure);
}

async function tryDns(addresses: readonly ListenAddress[]): Promise<void> {
  try {
    const server = await startDnsServer({
      listen: addresses.map(({ host, port }) => ({ address: host === "localhost" ? "127.0.0.1" : host, port })),
      zone: () => ({ names: [], addresses: [] }),
      resolvers: () => [],
      allow: "local",
      log: { info: () => {}, warn: () => {} },
      tally: { count: () => {} },
      clock: { now: () => performance.now() },
    });
    server.stop();
  } catch (error) {
    const remedy = await remedyFor(addresses.map(({ port }) => port));
    throw new ListenError(`${describeFailure(error)}${remedy}`, { cause: error });
  }
}
