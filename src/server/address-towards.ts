import { createSocket } from "node:dgram";
import { isIP } from "node:net";
import { plainAddress } from "../lib/net/ip-address.ts";

/** Any port will do: nothing is sent. */
const DISCARD_PORT = 9;

/** This machine's address for packets to `remote`, an IP address; null when there is no way there. */
export function addressTowards(remote: string): Promise<string | null> {
  const plain = plainAddress(remote);
  const socket = createSocket(isIP(plain) === 6 ? "udp6" : "udp4");
  return new Promise<string | null>((resolve) => {
    socket.once("error", () => resolve(null));
    // The kernel chooses the address when a datagram socket is connected.
    socket.connect(DISCARD_PORT, plain, () => resolve(socket.address().address));
  }).finally(() => socket.close());
}
