import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { SharedFlush } from "../lib/async/shared-flush.ts";
import type { IpAddress } from "../lib/net/ip-address.ts";
import type { Endpoint, FarEnd } from "./socket-owner.ts";

/** Sockets that come or go while the tables are read can make them skip one. */
const READINGS = 3;
const ESTABLISHED = "01";

/**
 * The connections of this machine, as text files of the kernel tell of them: where it cannot be asked for one alone
 * (`SocketDiagnosis`). They are long when there are many, so one reading is shared by all who wait for it.
 *
 * Every connection stands there with both ends that this machine has of it, a line each, addresses as 32-bit numbers in
 * the machine's byte order (proc_net_tcp of the kernel's documentation):
 *
 *     sl  local_address rem_address   st tx_queue:rx_queue tr:tm->when retrnsmt  uid timeout inode …
 *      1: 0100007F:B0F0 0100007F:1388 01 00000000:00000000 00:00000000 00000000 1000       0 48121 …
 */
export class SocketTable {
  readonly #reading: SharedFlush;
  #tables: readonly Buffer[] = [];

  constructor(folder = "/proc/self/net") {
    this.#reading = new SharedFlush(async () => {
      this.#tables = await Promise.all(["tcp", "tcp6"].map((table) => readTable(join(folder, table))));
    });
  }

  /** Who has the end of a connection to larder that is at `remote`? */
  async find(remote: Endpoint): Promise<FarEnd> {
    const ends = endpoints(remote.address, remote.port);
    let found: FarEnd = "unknown";
    for (let reading = 0; reading < READINGS; reading++) {
      await this.#reading.flush();
      found = findIn(this.#tables, ends);
      if (found !== "elsewhere" && found !== "unknown") break;
    }
    return found;
  }
}

function findIn(tables: readonly Buffer[], ends: readonly string[]): FarEnd {
  let own: FarEnd = "unknown";
  for (const [, local = "", far = "", state, , , , uid, , inode] of linesWith(tables, ends)) {
    if (ends.includes(local)) return inode === "0" ? "left" : { uid: Number(uid), inode: Number(inode) };
    // Larder's own end: what stands in these tables is to be relied on.
    if (ends.includes(far)) own = state === ESTABLISHED ? "elsewhere" : "left";
  }
  return own;
}

/** Most lines are of others: they are not cut up. */
function* linesWith(tables: readonly Buffer[], ends: readonly string[]): Generator<readonly string[]> {
  for (const table of tables) {
    for (const end of ends) {
      for (let at = table.indexOf(end); at >= 0; at = table.indexOf(end, at + 1)) {
        const start = table.lastIndexOf("\n", at) + 1;
        const stop = table.indexOf("\n", at);
        const line = table.toString("latin1", start, stop < 0 ? table.length : stop);
        yield line.trim().split(/\s+/);
      }
    }
  }
}

/** A table that is not there: no Linux, or no IPv6. */
async function readTable(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch {
    return Buffer.alloc(0);
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
