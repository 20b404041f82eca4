import { readFile } from "node:fs/promises";
import { parseResolvConf } from "./resolv-conf.ts";
import type { SocketAddress } from "./socket-address.ts";
import { isNotFound } from "../lib/files/system-error.ts";

/** The DNS servers of this machine, as the file at `path` (`/etc/resolv.conf`) says; none when there is no such file. */
export async function readSystemResolvers(path: string): Promise<readonly SocketAddress[]> {
  try {
    return parseResolvConf(await readFile(path, "utf8"));
  } catch (error) {
    // DHCP clients replace the file; some machines have none. There is nobody to ask then, and clients are told so.
    if (isNotFound(error)) return [];
    throw error;
  }
}
