import { type IpAddress, tryParseIpAddress } from "../lib/net/ip-address.ts";
import { ESTABLISHED, type SocketDiagnosis } from "./socket-diagnosis.ts";
import type { Endpoint, FarEnd } from "./socket-owner.ts";
import type { SocketTable } from "./socket-table.ts";

/** A connection as larder knows it. `local.address` is null where larder listens on all of the machine's. */
export type Connection = {
  readonly remote: Endpoint;
  readonly local: { readonly address: IpAddress | null; readonly port: number };
};

/** Where Debian's hosts file puts the machine's own name. A client that goes there comes from 127.0.0.1. */
const OWN_NAME_ADDRESS = tryParseIpAddress("127.0.1.1");

/** A machine with more (IPVS gives it one for each service) is looked up in the table, if need be. */
const MAX_ADDRESSES = 32;

/**
 * Who has the other end of a connection whose remote address is one of this machine's, `addresses`? The kernel is asked
 * for it by both ends. Where larder's own cannot be guessed, or the kernel does not answer, `table` tells.
 */
export async function findFarEnd(
  { remote, local }: Connection,
  addresses: readonly IpAddress[],
  diagnosis: SocketDiagnosis | null,
  table: Pick<SocketTable, "find">,
): Promise<FarEnd> {
  if (diagnosis === null) return table.find(remote);
  const ends = local.address === null ? guessEnds(remote.address, addresses) : [local.address];
  for (const address of ends.slice(0, MAX_ADDRESSES)) {
    const own = { address, port: local.port };
    const far = diagnosis.find(remote, own);
    if (far === "unknown") break;
    if (far !== null) return far.inode === 0 ? "left" : far;
    const near = diagnosis.find(own, remote);
    if (near !== null && near !== "unknown") return near.state === ESTABLISHED ? "elsewhere" : "left";
  }
  return table.find(remote);
}

/** Most clients go to the address that they come from. */
function guessEnds(remote: IpAddress, addresses: readonly IpAddress[]): readonly IpAddress[] {
  const others = OWN_NAME_ADDRESS === null ? addresses : [OWN_NAME_ADDRESS, ...addresses];
  return [remote, ...others.filter((address) => address.kind() === remote.kind())];
}
