/** From the flags of `larder client`, and from what the server says of itself, to the settings of a node. */
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { chooseRegistry, defaultMode } from "../clients/deliver/choose-registry.ts";
import { type ClientMode, type ClientSettings, parseClientSettings } from "../clients/client-settings.ts";
import { fetchServerSettings, type ServerSettings } from "../clients/fetch-server-settings.ts";
import { parseRegistryAddress } from "../clients/registry-address.ts";
import type { ClientTarget } from "../clients/targets/targets.ts";
import { parseStandInFile } from "../registry/names/stand-ins.ts";
import { CommandFailure, type CommandIo } from "../lib/command/command-io.ts";
import { likelyOrigins } from "../remote/find-registry.ts";
import { givenRegistryAddress, type RegistryAddress } from "../remote/registry-address.ts";
import { describeFailure } from "../lib/failures/describe-failure.ts";

/** The flags that say how nodes are to use larder. */
export type ClientFlags = {
  readonly registry?: string;
  readonly mode?: ClientMode;
  readonly standIn?: readonly string[];
  readonly ca?: string;
  readonly address?: readonly string[];
  readonly all?: boolean;
  readonly fallback: boolean;
  readonly ask: boolean;
};

/** What is known of the server: what it said, and the origin that it answered at (or should). */
type Server = { readonly origin: string; readonly said: ServerSettings | null };

const NOTHING: ServerSettings = { standIns: [], ca: null, http: [], https: [], addresses: [] };

/**
 * Finds the settings that a target's files are written from. The server is asked for what the flags leave open; when
 * it does not answer, the flags alone count. Throws CommandFailure or ClientSettingsError.
 */
export async function resolveClientSettings(
  target: ClientTarget,
  flags: ClientFlags,
  io: CommandIo,
): Promise<ClientSettings> {
  const given = givenRegistryAddress(flags.registry, io.environment);
  const address = given ?? ownAddress(io);
  const givenCa = flags.ca === undefined ? null : await readText("--ca", flags.ca);
  const standIns = await readStandIns(standInFlags(target, flags, io));
  const server = flags.ask ? await askServer(address, givenCa, io) : { origin: address.origins[0], said: null };
  const said = server.said ?? NOTHING;
  if (server.said === null && flags.ask) {
    if (standIns.length === 0 && flags.all !== true) {
      throw new CommandFailure(
        1,
        `no larder answers at ${address.origins.join(" or ")}, and no stand-in host is given: start it, or give --stand-in HOST|FILE`,
      );
    }
    io.stderr.write(`no larder answers at ${address.origins.join(" or ")}: going by what was given alone\n`);
  }
  const ca = givenCa ?? said.ca;
  const mode = flags.mode ?? defaultMode(target, server.origin);
  const registry = chooseRegistry(mode, server.origin, said, ca !== null);
  const settings = parseClientSettings({
    registry,
    mode,
    standIns: standIns.length > 0 ? standIns : said.standIns,
    addresses: addressesFor(registry, flags, said),
    ca,
    catchAll: flags.all ?? false,
    fallback: flags.fallback,
  });
  if (givenCa === null && settings.ca !== null) warnOfCertificate(settings.ca, server.origin, io);
  return settings;
}

/** xcluster names its list of hosts to spoof in `$__dns_spoof`. */
function standInFlags(target: ClientTarget, flags: ClientFlags, io: CommandIo): readonly string[] {
  const spoofFile = io.environment["__dns_spoof"];
  if (flags.standIn !== undefined) return flags.standIn;
  const spoofs = (flags.mode ?? target.modes[0]) === "spoof";
  return spoofs && spoofFile !== undefined && spoofFile !== "" ? [spoofFile] : [];
}

/** Where nothing says where larder is, this machine's is meant. */
function ownAddress({ environment }: CommandIo): Pick<RegistryAddress, "origins"> {
  return { origins: likelyOrigins(environment) };
}

async function askServer(address: Pick<RegistryAddress, "origins">, ca: string | null, io: CommandIo): Promise<Server> {
  for (const origin of address.origins) {
    const said = await fetchServerSettings(origin, ca, io.signal);
    if (said !== null) return { origin, said };
  }
  return { origin: address.origins[0], said: null };
}

function addressesFor(registry: string, flags: ClientFlags, said: ServerSettings): readonly string[] {
  if (flags.address !== undefined) return flags.address;
  const { host } = parseRegistryAddress(registry);
  if (said.addresses.length > 0) return said.addresses;
  return isIP(host) === 0 ? [] : [host];
}

/** Hosts, and files of hosts. What is there as a file, or looks like a path, is a file. */
async function readStandIns(values: readonly string[]): Promise<readonly string[]> {
  const lists = await Promise.all(
    values.map(async (value) => {
      if (!value.includes("/") && !(await Bun.file(value).exists())) return [value];
      try {
        return parseStandInFile(await readText("--stand-in", value));
      } catch (error) {
        if (error instanceof CommandFailure) throw error;
        throw new CommandFailure(2, `--stand-in ${value}: ${describeFailure(error)}`);
      }
    }),
  );
  return lists.flat();
}

async function readText(flag: string, path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new CommandFailure(2, `${flag} ${path}: ${describeFailure(error)}`);
  }
}

/** Nothing vouched for the certificate on its way here, so a person has to. */
function warnOfCertificate(pem: string, origin: string, io: CommandIo): void {
  const { fingerprint256 } = new X509Certificate(pem);
  io.stderr.write(
    `the CA came from ${origin}, SHA-256 fingerprint ${fingerprint256}: compare it with that of 'larder ca --data DIR' on the server\n`,
  );
}
