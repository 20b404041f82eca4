import { readdir, readFile, readlink } from "node:fs/promises";

/** A process that listens on a port. */
type PortOwner = { readonly program: string; readonly pid: number };

/** Of /proc/net: a TCP socket that listens, a UDP socket that waits for anybody. */
const WAITING = { tcp: "0A", udp: "07" } as const;

/**
 * Finds the process that listens on `port` of this machine. Null when there is none, or the system does not tell (not
 * Linux, not root).
 */
export async function findPortOwner(port: number): Promise<PortOwner | null> {
  const inodes = await socketsOn(port);
  if (inodes.size === 0) return null;
  for (const pid of (await list("/proc")).filter((name) => /^\d+$/.test(name))) {
    for (const descriptor of await list(`/proc/${pid}/fd`)) {
      const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => "");
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
      if (inode === undefined || !inodes.has(inode)) continue;
      const program = await nameOf(pid);
      return program === "" ? null : { program, pid: Number(pid) };
    }
  }
  return null;
}

/** A larder that runs from a checkout is called after its runtime, which would tell nobody anything. */
async function nameOf(pid: string): Promise<string> {
  const read = (file: string): Promise<string> => readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "");
  const words = (await read("cmdline")).split("\0");
  const isLarder = words.some(
    (word, at) => /(?:^|\/)(?:src\/main\.ts|larder)$/.test(word) && words[at + 1] === "serve",
  );
  return isLarder ? "another larder" : (await read("comm")).trim();
}

async function socketsOn(port: number): Promise<ReadonlySet<string>> {
  const inodes = new Set<string>();
  for (const protocol of ["tcp", "udp"] as const) {
    for (const suffix of ["", "6"]) {
      const table = await readFile(`/proc/self/net/${protocol}${suffix}`, "latin1").catch(() => "");
      for (const line of table.split("\n").slice(1)) {
        const [, local = "", , state, , , , , , inode = ""] = line.trim().split(/\s+/);
        const localPort = Number.parseInt(local.slice(local.lastIndexOf(":") + 1), 16);
        if (state === WAITING[protocol] && localPort === port) inodes.add(inode);
      }
    }
  }
  return inodes;
}

/** Processes end and folders vanish while they are looked at; then there is nothing to be seen in them. */
function list(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}
