import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { IpAddress } from "../lib/net/ip-address.ts";

/** One end of a connection between two sockets of this machine. */
export type SocketOwner = {
  /** The account that it belongs to. */
  readonly uid: number;
  /** Its number among the kernel's sockets; 0 when the program has let go of it already. */
  readonly inode: number;
};

/**
 * Who has the socket at the other end of a connection? `elsewhere`: nobody on this machine, though its address is one of
 * this machine's, since the address was translated on the way (NAT). `unknown`: this system does not tell.
 *
 * Every connection that this machine has stands in these tables with both ends that it has (proc_net_tcp of the kernel's
 * documentation), a line each, addresses as 32-bit numbers in the machine's byte order:
 *
 *     sl  local_address rem_address   st tx_queue:rx_queue tr:tm->when retrnsmt  uid timeout inode …
 *      1: 0100007F:B0F0 0100007F:1388 01 00000000:00000000 00:00000000 00000000 1000       0 48121 …
 */
export async function findSocketOwner(
  remote: { readonly address: IpAddress; readonly port: number },
  folder = "/proc/self/net",
): Promise<SocketOwner | "elsewhere" | "unknown"> {
  const tables = await Promise.all(["tcp", "tcp6"].map((table) => readTable(join(folder, table))));
  const ends = endpoints(remote.address, remote.port);
  let isHere = false;
  for (const line of tables.flatMap((text) => text.split("\n"))) {
    // Most lines are of others: they are not cut up.
    if (!ends.some((end) => line.includes(end))) continue;
    const [, local = "", far = "", , , , , uid, , inode] = line.trim().split(/\s+/);
    if (ends.includes(local)) return { uid: Number(uid), inode: Number(inode) };
    // Larder's own end: what stands in this table is to be relied on.
    isHere ||= ends.includes(far);
  }
  return isHere ? "elsewhere" : "unknown";
}

/** A table that is not there: no Linux, or no IPv6. */
async function readTable(path: string): Promise<string> {
  try {
    return await readFile(path, "latin1");
  } catch {
    return "";
  }
}

/** As the tables spell it; an IPv4 address may stand in either of them. */
function endpoints(address: IpAddress, port: number): readonly string[] {
  const bytes = address.toByteArray();
  const mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...bytes];
  const forms = bytes.length === 4 ? [bytes, mapped] : [bytes];
  return forms.map((form) => `${words(form)}:${hex(port, 4)}`);
}

function words(bytes: readonly number[]): string {
  const text: string[] = [];
  // Both architectures that larder runs on have the lowest byte first.
  for (let at = 0; at < bytes.length; at += 4) {
    text.push(
      bytes
        .slice(at, at + 4)
        .reverse()
        .map((byte) => hex(byte, 2))
        .join(""),
    );
  }
  return text.join("");
}

function hex(number: number, digits: number): string {
  return number.toString(16).toUpperCase().padStart(digits, "0");
}
