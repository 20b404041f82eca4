import { lookup } from "node:dns/promises";
import { contactedHost } from "../clients/upstream-names.ts";
import { canBeSpoofed } from "../clients/client-settings.ts";
import type { Namespace } from "../oci/repository-name.ts";
import { overlookedBy, type RuntimeReport } from "./examine-runtime.ts";
import { fail, type Finding, ok, warn } from "./finding.ts";
import type { Probe, ProbeOrigin } from "./probe.ts";

/** The addresses of a name as this machine's programs get them; none when it has none. */
type ResolveName = (name: string) => Promise<readonly string[]>;

/** By the hosts file and DNS, in the order that the system is set up for. */
export const resolveBySystem: ResolveName = async (name) => {
  const found = await lookup(name, { all: true, order: "verbatim" }).catch(() => []);
  return [...new Set(found.map(({ address }) => address))];
};

type Look = { readonly resolve: ResolveName; readonly probe: ProbeOrigin };

/** One finding for each registry that is stood in for: where its name leads, who answers there, and what that means. */
export async function examineNames(
  standIns: readonly Namespace[],
  runtimes: readonly RuntimeReport[],
  look: Look,
): Promise<readonly Finding[]> {
  return Promise.all(standIns.filter(canBeSpoofed).map((standIn) => examine(standIn, runtimes, look)));
}

async function examine(
  standIn: Namespace,
  runtimes: readonly RuntimeReport[],
  { resolve, probe }: Look,
): Promise<Finding> {
  const host = contactedHost(standIn);
  const addresses = await resolve(host);
  const overlooked = overlookedBy(runtimes, standIn);
  const brought = runtimes.map(({ runtime }) => runtime).filter((runtime) => !overlooked.includes(runtime));
  const by = brought.length === 0 ? "" : `; ${brought.join(" and ")} comes to larder by its settings`;
  if (addresses.length === 0) {
    const message = `${host} has no address on this machine${by}`;
    return brought.length > 0 && overlooked.length === 0 ? ok("name", message) : unreachable(message, overlooked);
  }
  const where = `${host} is ${addresses.join(", ")}`;
  const trust = { caPem: null, verifies: true };
  const secure = await probe(`https://${host}`, trust);
  const answer = secure.who === "nobody" ? await probe(`http://${host}`, trust) : secure;
  // dockerd's older image store mirrors docker.io alone: that it goes past for the others is no accident.
  const isHalfJoined = runtimes.some(
    ({ runtime, broughtHere }) => overlooked.includes(runtime) && runtime !== "docker" && broughtHere.size > 0,
  );
  return judge({ where, by, overlooked, isHalfJoined, hasRuntimes: runtimes.length > 0, secure, answer });
}

type Sight = {
  readonly where: string;
  readonly by: string;
  readonly overlooked: readonly string[];
  /** Does a runtime that goes past larder for this registry come to it for others? */
  readonly isHalfJoined: boolean;
  readonly hasRuntimes: boolean;
  readonly secure: Probe;
  /** At the port that answered, HTTPS first. */
  readonly answer: Probe;
};

function judge({ where, by, overlooked, isHalfJoined, hasRuntimes, secure, answer }: Sight): Finding {
  const isCovered = overlooked.length === 0;
  switch (answer.who) {
    case "larder": {
      const port = answer === secure ? "port 443" : "port 80 alone";
      if (answer === secure && secure.refusal === null) return ok("name", `${where}: larder, by HTTPS that is trusted`);
      const flaw = secure.refusal === null ? "" : `, with a certificate that this machine does not trust`;
      const message = `${where}: larder, at ${port}${flaw}${by}`;
      if (isCovered && hasRuntimes) return ok("name", message);
      return hasRuntimes
        ? fail("name", `${message}; ${overlooked.join(" and ")} would refuse that`, REMEDY_SPOOF)
        : warn("name", message, REMEDY_SPOOF);
    }
    case "nobody":
      return isCovered && hasRuntimes
        ? ok("name", `${where}, where nobody answers${by}`)
        : unreachable(`${where}, where nobody answers: ${secure.silence}`, overlooked);
    case "registry":
    case "other": {
      const message = `${where}: ${answer.who === "registry" ? "a registry that is not larder" : "not a registry"}${by}`;
      if (isCovered) return ok("name", message);
      const past = `${message}; ${overlooked.join(" and ")} goes past larder`;
      return isHalfJoined
        ? fail("name", `${past}, though it comes to larder for other registries`, REMEDY_REJOIN)
        : warn("name", past, REMEDY_JOIN);
    }
    default:
      return answer.who satisfies never;
  }
}

const REMEDY_JOIN = "bring it here with a line of larder's /client/ page";
const REMEDY_REJOIN =
  "run the script of larder's /client/ again, which writes what is missing; if only some registries are meant to come, nothing is wrong";
const REMEDY_SPOOF =
  "with HTTPS, have this machine trust larder's authority: /client/trust.sh; without, tell the runtime: /client/TARGET.sh?mode=spoof";

/** Where no runtime is, there is nobody whose pull could be stopped. */
function unreachable(message: string, overlooked: readonly string[]): Finding {
  return overlooked.length > 0
    ? fail("name", `${message}; a pull by ${overlooked.join(" or ")} gets nowhere`, REMEDY_JOIN)
    : warn(
        "name",
        message,
        "nothing here asks for it; before something does, bring it to larder: see its /client/ page",
      );
}
