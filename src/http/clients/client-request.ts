/** What `/client/…` is asked for, and by whom: from the parts of a request to the settings that a target is written from. */
import { isIP, isIPv6 } from "node:net";
import { chooseRegistry, defaultMode } from "../../clients/deliver/choose-registry.ts";
import {
  CLIENT_MODES,
  type ClientMode,
  type ClientSettings,
  parseClientSettings,
} from "../../clients/client-settings.ts";
import { ClientSettingsError } from "../../clients/client-settings-error.ts";
import type { ServerSettings } from "../../clients/fetch-server-settings.ts";
import { isLoopbackHost, parseRegistryAddress, type RegistryAddress, urlOf } from "../../clients/registry-address.ts";
import type { ClientTarget } from "../../clients/targets/targets.ts";
import { hostNamesOf } from "../../clients/upstream-names.ts";
import { quoteBriefly } from "../../oci/digest.ts";
import type { Namespace } from "../../oci/repository-name.ts";

/** A socket that larder listens on. `host` is null for every address of the machine. */
export type ListeningSocket = {
  readonly scheme: "http" | "https";
  readonly host: string | null;
  readonly port: number;
};

/** What larder knows of itself when a client asks. */
export type ServerKnowledge = {
  readonly standIns: readonly Namespace[];
  /** PEM of its own authority, or null. */
  readonly authorityPem: string | null;
  readonly sockets: readonly ListeningSocket[];
  /** The addresses that it tells nodes, best first; empty when nothing is configured. */
  readonly addresses: readonly string[];
  /** Larder's address on the way to this client, or null. */
  readonly addressTowardsClient: string | null;
};

/** Larder as a client reached it (its URL without a slash at the end), and what it tells that client of itself. */
export type ServerView = { readonly origin: string; readonly settings: ServerSettings };

/**
 * Makes the view of larder for a client's request. `scheme` and `host` (the Host header) are those that the client
 * used. Throws ClientSettingsError for an invalid host: it would get into scripts that root runs.
 */
export function viewOf(scheme: "http" | "https", host: string, server: ServerKnowledge): ServerView {
  const asked = parseRegistryAddress(`${scheme}://${host}`);
  const own = isIP(asked.host) === 0 ? server.addressTowardsClient : asked.host;
  const addresses = server.addresses.length > 0 || own === null ? server.addresses : [own];
  const registry = nameOfItsOwn(asked, server.standIns, addresses);
  const urls = (wanted: "http" | "https") =>
    [
      ...(registry.scheme === wanted ? [registry] : []),
      ...server.sockets
        .filter((socket) => socket.scheme === wanted && isReachableBy(socket, registry))
        .map(({ port }) => ({ scheme: wanted, host: registry.host, port })),
    ].map(urlOf);
  return {
    origin: urlOf(registry),
    settings: {
      standIns: [...server.standIns],
      ca: server.authorityPem,
      http: [...new Set(urls("http"))],
      https: [...new Set(urls("https"))],
      addresses: [...addresses],
    },
  };
}

/** One that came by a spoofed name gets an address: what is set up with that name would not outlive the spoofing. */
function nameOfItsOwn(
  asked: RegistryAddress,
  standIns: readonly Namespace[],
  [address]: readonly string[],
): RegistryAddress {
  const isSpoofed = standIns.flatMap(hostNamesOf).includes(asked.host);
  return isSpoofed && address !== undefined ? { ...asked, host: address } : asked;
}

/** Can whoever reached larder by this address also reach the socket by it? */
function isReachableBy({ host }: ListeningSocket, registry: RegistryAddress): boolean {
  if (host === null || host === "::") return true;
  if (host === "0.0.0.0") return !isIPv6(registry.host);
  const isLocal = host === "localhost" || host === "::1" || host.startsWith("127.");
  return host === registry.host || (isIP(registry.host) === 0 && isLocal === isLoopbackHost(registry.host));
}

/** The options that the query of `/client/TARGET` gives. */
type ClientQuery = {
  readonly mode: ClientMode | null;
  readonly standIns: readonly string[];
  readonly catchAll: boolean;
  readonly fallback: boolean;
};

/** The settings that the files of `target` are written from. Throws ClientSettingsError. */
export function clientSettingsOf(
  target: ClientTarget,
  search: string,
  { origin, settings }: ServerView,
): ClientSettings {
  const query = parseQuery(search);
  const mode = query.mode ?? defaultMode(target, origin);
  return parseClientSettings({
    registry: chooseRegistry(mode, origin, settings, settings.ca !== null),
    mode,
    standIns: query.standIns.length > 0 ? query.standIns : settings.standIns,
    addresses: settings.addresses,
    ca: settings.ca,
    catchAll: query.catchAll,
    fallback: query.fallback,
  });
}

function parseQuery(search: string): ClientQuery {
  const query = new URLSearchParams(search);
  const unknown = [...query.keys()].find((key) => !PARAMETERS.includes(key));
  if (unknown !== undefined) {
    throw new ClientSettingsError(`${quoteBriefly(unknown)} is no parameter here; there are: ${PARAMETERS.join(", ")}`);
  }
  const mode = query.get("mode");
  const known = CLIENT_MODES.find((candidate) => candidate === mode) ?? null;
  if (mode !== null && known === null) {
    throw new ClientSettingsError(`mode=${quoteBriefly(mode)} is none; write mode=${CLIENT_MODES.join(" or mode=")}`);
  }
  return {
    mode: known,
    standIns: query.getAll("stand-in"),
    catchAll: parseAnswer(query, "all", false),
    fallback: parseAnswer(query, "fallback", true),
  };
}

const PARAMETERS = ["mode", "stand-in", "all", "fallback"];

function parseAnswer(query: URLSearchParams, name: string, unsaid: boolean): boolean {
  const text = query.get(name);
  if (text === null) return unsaid;
  if (text !== "yes" && text !== "no") throw new ClientSettingsError(`write ${name}=yes or ${name}=no`);
  return text === "yes";
}
