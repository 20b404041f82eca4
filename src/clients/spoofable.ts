import { isIP } from "node:net";
import type { Namespace } from "../oci/repository-name.ts";

/** Can the host be sent elsewhere by name? Not an address, and not a name with a port: its clients ask for that port. */
export function canBeSpoofed(standIn: Namespace): boolean {
  return isIP(standIn) === 0 && !standIn.includes(":");
}
