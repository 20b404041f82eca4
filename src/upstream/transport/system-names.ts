import { lookup, Resolver } from "node:dns/promises";
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { type Answer, QUERY_OPTIONS, queryAddresses } from "./dns-query.ts";
import { codeOf } from "../../lib/files/system-error.ts";

/** Where a machine says how it looks names up. */
export type NameFiles = { readonly hosts: string; readonly resolvConf: string };

/** Who is asked beyond the hosts file; `query` throws `ENOTFOUND` for a name that does not exist. */
export type NameSources = {
  readonly query: (host: string, resolvConf: string) => Promise<Answer>;
  /** The system's own library, which knows more than DNS (mDNS, LDAP, the names of virtual machines). */
  readonly library: (host: string) => Promise<Answer>;
};

/** resolv.conf(5): more are not searched by older libraries. */
const SEARCHED_DOMAINS = 6;

/**
 * Looks names up as this machine does: in its hosts file, at the name servers of its resolv.conf and in the domains that
 * this says to search. Changes of either file count at once.
 *
 * The system's library is not asked for what DNS can know: while name servers are silent, each of its questions keeps a
 * thread for ten seconds and more, and there are as few as two, which all work with files shares.
 */
export class SystemNames {
  readonly #files: NameFiles;
  readonly #sources: NameSources;
  /** The library's questions wait for one another, so that they never keep more than one thread. */
  #library: Promise<unknown> = Promise.resolve();

  constructor(files: NameFiles = SYSTEM_FILES, sources: NameSources = systemSources()) {
    this.#files = files;
    this.#sources = sources;
  }

  /** Throws the error of the resolver that was asked last. */
  async lookUp(host: string): Promise<Answer> {
    const [hosts, resolvConf] = await Promise.all([readText(this.#files.hosts), readText(this.#files.resolvConf)]);
    const addresses = addressesInHosts(hosts, host);
    if (addresses.length > 0) return { addresses, ttlSeconds: null };
    let failure: unknown = null;
    for (const name of namesToTry(host, searchedDomains(resolvConf))) {
      try {
        return await this.#sources.query(name, resolvConf);
      } catch (error) {
        failure = error;
        if (!isAbsence(error)) break;
      }
    }
    if (isAbsence(failure) && mayBeElsewhere(host)) return this.#askLibrary(host);
    throw failure;
  }

  #askLibrary(host: string): Promise<Answer> {
    const answer = this.#library.then(() => this.#sources.library(host));
    this.#library = answer.catch(() => {}); // Who asked hears of it.
    return answer;
  }
}

const SYSTEM_FILES: NameFiles = { hosts: "/etc/hosts", resolvConf: "/etc/resolv.conf" };

function systemSources(): NameSources {
  const library = async (host: string): Promise<Answer> => {
    const found = await lookup(host, { all: true, order: "verbatim" });
    return { addresses: found.map(({ address }) => address), ttlSeconds: null };
  };
  // Elsewhere DNS settings are not in resolv.conf alone, and the library takes no threads.
  if (process.platform !== "linux") return { query: library, library };
  let resolver = new Resolver(QUERY_OPTIONS);
  let readFrom = "";
  const query = (host: string, resolvConf: string): Promise<Answer> => {
    // A resolver goes by the servers that were in the file when it was made.
    if (resolvConf !== readFrom) resolver = new Resolver(QUERY_OPTIONS);
    readFrom = resolvConf;
    return queryAddresses(resolver, host);
  };
  return { query, library };
}

/** Source: hosts(5). */
function addressesInHosts(hosts: string, host: string): readonly string[] {
  const name = host.toLowerCase();
  return wordsOf(hosts)
    .filter(([address = "", ...names]) => isIP(address) !== 0 && names.some((found) => found.toLowerCase() === name))
    .flatMap(([address = ""]) => address);
}

/** The last of the lines `search` and `domain` counts. Source: resolv.conf(5). */
function searchedDomains(resolvConf: string): readonly string[] {
  const lines = wordsOf(resolvConf).filter(([keyword]) => keyword === "search" || keyword === "domain");
  const [, ...domains] = lines.at(-1) ?? [];
  return domains
    .map((domain) => domain.replace(/\.$/, ""))
    .filter((domain) => domain !== "")
    .slice(0, SEARCHED_DOMAINS);
}

/** A name with a dot is tried as it is before it is taken for the beginning of one. */
function namesToTry(host: string, domains: readonly string[]): readonly string[] {
  if (host.endsWith(".")) return [host];
  const searched = domains.map((domain) => `${host}.${domain}`);
  return host.includes(".") ? [host, ...searched] : [...searched, host];
}

/** Did a name server say that there is no such name, or no address of it? */
function isAbsence(error: unknown): boolean {
  return /ENOTFOUND|ENODATA/.test(codeOf(error));
}

/** May others than name servers know it? */
function mayBeElsewhere(host: string): boolean {
  return !host.includes(".") || host.toLowerCase().endsWith(".local");
}

function wordsOf(text: string): readonly (readonly string[])[] {
  return text.split("\n").map((line) =>
    line
      .replace(/[#;].*/, "")
      .trim()
      .split(/\s+/),
  );
}

/** A file that cannot be read says nothing. */
function readText(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => "");
}
