import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { type IpAddress, tryParseIpAddress } from "../lib/net/ip-address.ts";

/** Where this machine's names are told. */
export type MachineNameSources = {
  readonly hostname: string;
  /** The text of /etc/hosts. */
  readonly hosts: string;
  /** The text of /etc/resolv.conf. */
  readonly resolvConf: string;
};

/**
 * The names of a machine, short and with its domain: its host name, what stands beside that in its hosts file, and the
 * domains that it searches.
 *
 * Source: hosts(5), resolv.conf(5); `hostname --fqdn` looks at the same.
 */
export function machineNamesOf({ hostname: full, hosts, resolvConf }: MachineNameSources): readonly string[] {
  const name = full.toLowerCase();
  const short = name.split(".", 1)[0] ?? name;
  const besides = linesOf(hosts)
    .map(([, ...names]) => names)
    .filter((names) => names.includes(name) || names.includes(short))
    .flat();
  const domains = linesOf(resolvConf)
    .filter(([keyword]) => keyword === "search" || keyword === "domain")
    .flatMap(([, ...names]) => names.map((domain) => domain.replace(/\.$/, "")));
  return [...new Set([name, short, ...besides, ...domains.map((domain) => `${short}.${domain}`)])].filter(
    (found) => found !== "",
  );
}

/** How long what was read is taken for true. */
const KNOWN_FOR_MS = 2000;

/** The names that lead to this machine when they are asked for on it. They change while larder runs. */
export class MachineNames {
  readonly #now: () => number;
  readonly #isOwnAddress: (address: IpAddress) => boolean;
  readonly #read: () => MachineNameSources;
  #sources: MachineNameSources = { hostname: "", hosts: "", resolvConf: "" };
  #names: ReadonlySet<string> = new Set();
  /** By the hosts file. */
  #given: ReadonlyMap<string, readonly IpAddress[]> = new Map();
  #readAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    now: () => number,
    isOwnAddress: (address: IpAddress) => boolean,
    read: () => MachineNameSources = readSources,
  ) {
    this.#now = now;
    this.#isOwnAddress = isOwnAddress;
    this.#read = read;
  }

  /**
   * Is it one of them? `name` is in lower case. The hosts file may give one to an address of this machine: browsers go by
   * that file before they ask anybody, so no page of another site can have such a name. `0.0.0.0` gives none: it stands
   * there to lead nowhere.
   */
  includes(name: string): boolean {
    if (Math.abs(this.#now() - this.#readAtMs) > KNOWN_FOR_MS) this.#refresh();
    return this.#names.has(name) || (this.#given.get(name)?.some(this.#isOwnAddress) ?? false);
  }

  #refresh(): void {
    const sources = this.#read();
    const isSame = Object.entries(sources).every(
      ([key, text]) => this.#sources[key as keyof MachineNameSources] === text,
    );
    if (!isSame) {
      this.#names = new Set(machineNamesOf(sources));
      this.#given = addressesIn(sources.hosts);
    }
    this.#sources = sources;
    this.#readAtMs = this.#now();
  }
}

/** The addresses that a hosts file gives to each name. */
function addressesIn(hosts: string): ReadonlyMap<string, readonly IpAddress[]> {
  const found = new Map<string, IpAddress[]>();
  for (const [text = "", ...names] of linesOf(hosts)) {
    const address = tryParseIpAddress(text);
    if (address === null || address.range() === "unspecified") continue;
    for (const name of names) found.set(name, [...(found.get(name) ?? []), address]);
  }
  return found;
}

function readSources(): MachineNameSources {
  return {
    hostname: hostname(),
    hosts: readText("/etc/hosts"),
    resolvConf: readText("/etc/resolv.conf"),
  };
}

function linesOf(text: string): readonly (readonly string[])[] {
  const lines = text.split("\n").map((line) => line.replace(/[#;].*/, "").trim());
  return lines.filter((line) => line !== "").map((line) => line.toLowerCase().split(/\s+/));
}

/** A file that cannot be read names nothing. */
function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
