import { formatListenAddress, type ListenAddress } from "./settings/listen-address.ts";
import { findPortOwner } from "./port-owner.ts";
import { codeOf } from "../lib/files/system-error.ts";
import { describeFailure } from "../lib/failures/describe-failure.ts";

/** An error for an address that larder cannot listen on. The message says why and what to do. */
export class ListenError extends Error {
  override readonly name = "ListenError";
}

/** Turns the failure of an attempt to listen into a ListenError. `flag` is the one that chooses the address. */
export async function explainListenFailure(
  address: ListenAddress,
  flag: "--http" | "--https",
  cause: unknown,
): Promise<ListenError> {
  const reason = await reasonOf(address, flag, cause);
  return new ListenError(`cannot listen on ${formatListenAddress(address)}: ${reason}`, { cause });
}

async function reasonOf({ port }: ListenAddress, flag: string, error: unknown): Promise<string> {
  switch (codeOf(error)) {
    case "EADDRINUSE": {
      const owner = await findPortOwner(port);
      if (owner?.pid === process.pid) return `larder listens there already, by another ${flag}; leave one of them out`;
      const who =
        owner === null
          ? `another program does (see it with: ss -ltnp 'sport = :${port}')`
          : `${owner.program} (process ${owner.pid}) does`;
      return `${who}; stop it, or choose another port with ${flag}`;
    }
    case "EACCES":
      if (process.pid === 1)
        return `ports below 1024 are root's; publish that of the machine for one of larder's (-p ${port}:5000, and leave the address out), start the container with --cap-add=NET_BIND_SERVICE, or run larder as root, by the tag of its image that ends in -registry`;
      return `ports below 1024 are root's; run larder as root, give it CAP_NET_BIND_SERVICE, or choose another port with ${flag}`;
    case "EADDRNOTAVAIL":
      return "this machine has no such address (see its addresses with: ip address)";
    default:
      return describeFailure(error);
  }
}
