import { lookup } from "node:dns/promises";
import { contactedHost } from "../clients/upstream-names.ts";
import { canBeSpoofed } from "../clients/client-settings.ts";
import type { Namespace } from "../oci/repository-name.ts";
import { overlookedBy, type RuntimeReport } from "./examine-runtime.ts";
import { fail, type Finding, ok, warn } from "./finding.ts";
import { listNames } from "./list-names.ts";
import type { Probe, ProbeOrigin } from "./probe.ts";

/** The addresses of a name as this machine's programs get them; none when it has none. */
type ResolveName = (name: string) => Promise<readonly string[]>;

/** By the hosts file and DNS, in the order that the system is set up for. */
export const resolveBySystem: ResolveName = async (name) => {
  const found = await lookup(name, { all: true, order: "verbatim" }).catch(() => []);
  return [...new Set(found.map(({ address }) => address))];
};

type Look = { readonly resolve: ResolveName; readonly probe: ProbeOrigin };

/**
 * Where the names of the registries that are stood in for lead, who answers there, and what that means: one finding for
 * all that it is true of. `used` are the registries that somebody here pulls from, null when nobody knows; what is wrong
 * with the name of another stops no pull.
 */
export async function examineNames(
  standIns: readonly Namespace[],
  runtimes: readonly RuntimeReport[],
  used: ReadonlySet<string> | null,
  look: Look,
): Promise<readonly Finding[]> {
  const named = standIns.filter(canBeSpoofed);
  const sights = await Promise.all(named.map((standIn) => sightOf(standIn, runtimes, used, look)));
  return [...Map.groupBy(sights, keyOf).values()].map((alike) => {
    const [first] = alike;
    if (first === undefined) throw new Error("a group has at least one member");
    const finding = judge(first, whereOf(alike), alike.length > 1);
    const isUnused = finding.status === "fail" && !first.isUsed;
    return isUnused ? warn("name", `${finding.message}; ${UNUSED}`, finding.advice ?? "") : finding;
  });
}

const UNUSED = "no image here, and none that larder was asked for, comes from there";

type Sight = {
  readonly host: string;
  readonly addresses: readonly string[];
  readonly isUsed: boolean;
  /** `; X comes to larder by its settings`, or nothing. */
  readonly by: string;
  readonly overlooked: readonly string[];
  /** Does a runtime that goes past larder for this registry come to it for others? */
  readonly isHalfJoined: boolean;
  readonly hasRuntimes: boolean;
  readonly secure: Probe;
  /** At the port that answered, HTTPS first. */
  readonly answer: Probe;
};

async function sightOf(
  standIn: Namespace,
  runtimes: readonly RuntimeReport[],
  used: ReadonlySet<string> | null,
  { resolve, probe }: Look,
): Promise<Sight> {
  const host = contactedHost(standIn);
  const addresses = await resolve(host);
  const overlooked = overlookedBy(runtimes, standIn);
  const brought = runtimes.map(({ runtime }) => runtime).filter((runtime) => !overlooked.includes(runtime));
  const trust = { caPem: null, verifies: true };
  const secure = addresses.length === 0 ? NO_ADDRESS : await probe(`https://${host}`, trust);
  const isSilent = addresses.length > 0 && secure.who === "nobody";
  return {
    host,
    addresses,
    isUsed: used === null || used.has(standIn),
    by: brought.length === 0 ? "" : `; ${listNames(brought)} ${come(brought)} to larder by ${their(brought)} settings`,
    overlooked,
    // dockerd's older image store mirrors docker.io alone: that it goes past for the others is no accident.
    isHalfJoined: runtimes.some(
      ({ runtime, broughtHere }) => overlooked.includes(runtime) && runtime !== "docker" && broughtHere.size > 0,
    ),
    hasRuntimes: runtimes.length > 0,
    secure,
    answer: isSilent ? await probe(`http://${host}`, trust) : secure,
  };
}

const NO_ADDRESS: Probe = { origin: "", who: "nobody", refusal: null, silence: null };

function come(who: readonly string[]): string {
  return who.length === 1 ? "comes" : "come";
}

function their(who: readonly string[]): string {
  return who.length === 1 ? "its" : "their";
}

/** What is said of one can be said of another that has the same. Where a registry itself lies does not matter. */
function keyOf({ host, addresses, secure, answer, ...rest }: Sight): string {
  const place = answer.who === "larder" ? addresses.join() : addresses.length === 0;
  const how = [answer.who, answer === secure, secure.refusal !== null, answer.silence?.replaceAll(host, "") ?? null];
  return JSON.stringify([place, how, rest]);
}

function whereOf(sights: readonly Sight[]): string {
  const names = listNames(sights.map(({ host }) => host));
  const places = new Set(sights.map(({ addresses }) => addresses.join(", ")));
  const [place = ""] = places;
  const isOne = sights.length === 1;
  if (place === "") return `${names} ${isOne ? "has" : "have"} no address on this machine`;
  return places.size === 1 ? `${names} ${isOne ? "is" : "are"} ${place}` : `${names} have addresses of their own`;
}

function judge(sight: Sight, where: string, isMany: boolean): Finding {
  const { addresses, by, overlooked, isHalfJoined, hasRuntimes, secure, answer } = sight;
  const isCovered = overlooked.length === 0;
  const them = listNames(overlooked);
  if (addresses.length === 0) {
    return isCovered && hasRuntimes ? ok("name", `${where}${by}`) : unreachable(`${where}${by}`, overlooked);
  }
  switch (answer.who) {
    case "larder": {
      const port = answer === secure ? "port 443" : "port 80 alone";
      if (answer === secure && secure.refusal === null) return ok("name", `${where}: larder, by HTTPS that is trusted`);
      const flaw = secure.refusal === null ? "" : `, with a certificate that this machine does not trust`;
      const message = `${where}: larder, at ${port}${flaw}${by}`;
      if (isCovered && hasRuntimes) return ok("name", message);
      return hasRuntimes
        ? fail("name", `${message}; ${them} would refuse that`, REMEDY_SPOOF)
        : warn("name", message, REMEDY_SPOOF);
    }
    case "nobody":
      return isCovered && hasRuntimes
        ? ok("name", `${where}, where nobody answers${by}`)
        : unreachable(`${where}, where nobody answers: ${answer.silence ?? ""}`, overlooked);
    case "registry":
    case "other": {
      const message = `${where}: ${describe(answer.who, isMany)}${by}`;
      if (isCovered) return ok("name", message);
      const past = `${message}; ${them} ${overlooked.length === 1 ? "goes" : "go"} past larder`;
      return isHalfJoined
        ? fail("name", `${past}, though larder is asked for other registries`, REMEDY_REJOIN)
        : warn("name", past, REMEDY_JOIN);
    }
    default:
      return answer.who satisfies never;
  }
}

function describe(who: "registry" | "other", isMany: boolean): string {
  if (who === "other") return isMany ? "no registries" : "not a registry";
  return isMany ? "registries that are not larder" : "a registry that is not larder";
}

const REMEDY_JOIN = "bring it here with a line of larder's /client/ page";
const REMEDY_REJOIN =
  "run the script of larder's /client/ again, which writes what is missing; if only some registries are meant to come, nothing is wrong";
const REMEDY_SPOOF =
  "with HTTPS, have this machine trust larder's authority: /client/trust.sh; without, tell the runtime: /client/TARGET.sh?mode=spoof";

/** Where no runtime is, there is nobody whose pull could be stopped. */
function unreachable(message: string, overlooked: readonly string[]): Finding {
  return overlooked.length > 0
    ? fail("name", `${message}; a pull by ${listNames(overlooked)} gets nowhere`, REMEDY_JOIN)
    : warn(
        "name",
        message,
        "nothing here asks for it; before something does, bring it to larder: see its /client/ page",
      );
}
