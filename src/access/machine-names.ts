import { readFileSync } from "node:fs";
import { hostname } from "node:os";

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
 * domains that it searches. Other lines of a hosts file do not count: some people list half of the web there.
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

/** The names of this machine as they are now. */
export function readMachineNames(): readonly string[] {
  return machineNamesOf({
    hostname: hostname(),
    hosts: readText("/etc/hosts"),
    resolvConf: readText("/etc/resolv.conf"),
  });
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
