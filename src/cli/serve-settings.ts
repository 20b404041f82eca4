/** From the flags of `larder serve`, registry:2's variables and a configuration file to the settings of a server. */
import { readFile } from "node:fs/promises";
import { tryParseByteSize } from "../lib/text/byte-size.ts";
import { tryParseDuration } from "../lib/text/duration.ts";
import { type IpNetwork, tryParseIpNetwork } from "../lib/net/ip-network.ts";
import type { Namespace } from "../oci/repository-name.ts";
import { parseStandInFile, tryParseStandIn } from "../registry/names/stand-ins.ts";
import { ConfigurationError, parseConfiguration } from "../server/settings/configuration-file.ts";
import { settingsOfEnvironment } from "../server/settings/environment-settings.ts";
import { type ListenAddress, tryParseListenAddress } from "../server/settings/listen-address.ts";
import {
  tryParseIpAddress,
  tryParseResolver,
  tryParseTagLifetime,
  tryParseUrl,
} from "../server/settings/setting-values.ts";
import {
  completeSettings,
  type GivenSettings,
  type Settings,
  type TlsSettings,
  type UpstreamSettings,
} from "../server/settings/settings.ts";
import { CommandFailure, type CommandIo } from "../lib/command/command-io.ts";

export type ServeFlags = {
  http?: string[];
  https?: string[];
  tls?: string;
  tlsCert?: string;
  tlsKey?: string;
  dns?: string[];
  dnsOpen?: boolean;
  standardPorts?: boolean;
  address?: string[];
  data?: string;
  config?: string;
  standIn?: string[];
  name?: string[];
  upstream?: string[];
  offline?: boolean;
  resolver?: string[];
  tags?: string;
  credentials?: string;
  sparse?: boolean;
  open?: boolean;
  trustedProxy?: string[];
  gcGrace?: string;
  aciFiles?: string;
  aciKey?: string;
  aciKeep?: string;
  logLevel?: string;
};

/** Flags win over registry:2's variables, these over the file, and that over the defaults. Throws CommandFailure. */
export async function serveSettings(flags: ServeFlags, environment: CommandIo["environment"]): Promise<Settings> {
  try {
    const fromFile = flags.config === undefined ? {} : parseConfiguration(await readText(flags.config), flags.config);
    const given = { ...fromFile, ...settingsOfEnvironment(environment) };
    const fromFlags = await settingsOfFlags(flags);
    const upstreams = mergeUpstreams(given.upstreams ?? [], fromFlags.upstreams ?? []);
    const settings = completeSettings({ ...given, ...fromFlags, upstreams });
    if (fromFlags.tls !== undefined && settings.https.length === 0) {
      throw new CommandFailure(
        2,
        "a certificate is of use for HTTPS alone: give --https ADDRESS, such as --https :443",
      );
    }
    return settings;
  } catch (error) {
    if (error instanceof ConfigurationError) throw new CommandFailure(2, error.message);
    throw error;
  }
}

/** A flag gives an upstream's endpoint; what the file says of it besides stays. */
function mergeUpstreams(fromFile: readonly UpstreamSettings[], fromFlags: readonly UpstreamSettings[]) {
  const merged = new Map(fromFile.map((upstream) => [upstream.namespace, upstream]));
  for (const flag of fromFlags) {
    const known = merged.get(flag.namespace);
    merged.set(flag.namespace, known === undefined ? flag : { ...known, endpoint: flag.endpoint });
  }
  return [...merged.values()];
}

async function settingsOfFlags(flags: ServeFlags): Promise<GivenSettings> {
  const tls = tlsOf(flags);
  return {
    ...(flags.http ? { http: flags.http.map((text) => listenAddress("--http", text)) } : {}),
    ...(flags.https ? { https: flags.https.map((text) => listenAddress("--https", text)) } : {}),
    ...(tls === null ? {} : { tls }),
    ...(flags.dns ? { dns: flags.dns.map((text) => listenAddress("--dns", text)) } : {}),
    ...(flags.dnsOpen ? { dnsOpen: true } : {}),
    ...(flags.standardPorts ? { standardPorts: true } : {}),
    ...(flags.address ? { addresses: flags.address.map(ipAddress) } : {}),
    ...(flags.data ? { data: flags.data } : {}),
    ...(flags.standIn ? { standIns: (await Promise.all(flags.standIn.map(standIns))).flat() } : {}),
    ...(flags.name ? { names: flags.name } : {}),
    ...(flags.upstream ? { upstreams: flags.upstream.map(upstream) } : {}),
    ...(flags.offline ? { offline: true } : {}),
    ...(flags.resolver ? { resolvers: flags.resolver.map(resolver) } : {}),
    ...(flags.tags ? { tagLifetimeMs: tagLifetime(flags.tags) } : {}),
    ...(flags.credentials ? { credentials: flags.credentials } : {}),
    ...(flags.sparse ? { acceptSparse: true } : {}),
    ...(flags.open ? { open: true } : {}),
    ...(flags.trustedProxy ? { trustedProxies: flags.trustedProxy.map(trustedProxy) } : {}),
    ...(flags.gcGrace ? { gcGraceMs: duration("--gc-grace", flags.gcGrace) } : {}),
    ...(flags.aciFiles ? { aciFiles: flags.aciFiles } : {}),
    ...(flags.aciKey ? { aciKey: flags.aciKey } : {}),
    ...(flags.aciKeep ? { aciKeepBytes: byteSize("--aci-keep", flags.aciKeep) } : {}),
    ...(flags.logLevel ? { logLevel: logLevel(flags.logLevel) } : {}),
  };
}

function listenAddress(flag: string, text: string): ListenAddress {
  const address = tryParseListenAddress(text);
  if (address === null) {
    throw new CommandFailure(
      2,
      `${flag} ${text}: write :PORT, IPv4:PORT or [IPv6]:PORT, such as :80 or 127.0.0.1:5000`,
    );
  }
  return address;
}

function tlsOf({ tls, tlsCert, tlsKey }: ServeFlags): TlsSettings | null {
  if (tls !== undefined && tls !== "auto") {
    throw new CommandFailure(2, `--tls ${tls}: write auto, or give the files with --tls-cert and --tls-key`);
  }
  if (tlsCert === undefined && tlsKey === undefined) return tls === undefined ? null : AUTOMATIC;
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new CommandFailure(2, "--tls-cert and --tls-key belong together; give both");
  }
  if (tls !== undefined) throw new CommandFailure(2, "--tls auto and --tls-cert contradict each other; give one");
  return { mode: "files", certPath: tlsCert, keyPath: tlsKey };
}

const AUTOMATIC: TlsSettings = { mode: "auto", constraints: false };

function ipAddress(text: string): string {
  const address = tryParseIpAddress(text);
  if (address === null) throw new CommandFailure(2, `--address ${text}: write an IP address, such as 10.0.0.5`);
  return address;
}

function trustedProxy(text: string): IpNetwork {
  const network = tryParseIpNetwork(text);
  if (network === null) {
    throw new CommandFailure(
      2,
      `--trusted-proxy ${text}: write an IP address or network, such as 127.0.0.2 or 10.0.0.0/8`,
    );
  }
  return network;
}

/** A host, or a file of hosts. What is there as a file, or looks like a path, is a file. */
async function standIns(text: string): Promise<readonly Namespace[]> {
  const isFile = text.includes("/") || (await Bun.file(text).exists());
  if (!isFile) {
    const namespace = tryParseStandIn(text);
    if (namespace === null) throw new CommandFailure(2, `--stand-in ${text}: neither a registry's host nor a file`);
    return [namespace];
  }
  try {
    return parseStandInFile(await readText(text));
  } catch (error) {
    if (error instanceof CommandFailure) throw error;
    throw new CommandFailure(2, `--stand-in ${text}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function upstream(text: string): UpstreamSettings {
  const [host, url] = [text.slice(0, text.indexOf("=")), text.slice(text.indexOf("=") + 1)];
  const [namespace, endpoint] = [tryParseStandIn(host), tryParseUrl(url)];
  if (namespace === null || endpoint === null) {
    throw new CommandFailure(2, `--upstream ${text}: write HOST=URL, such as registry.example=http://10.0.0.9:5000`);
  }
  const nothing = { username: null, password: null, passwordFile: null, caFile: null, tagLifetimeMs: null };
  return { namespace, endpoint, mirrors: [], ...nothing };
}

function resolver(text: string): string {
  if (tryParseResolver(text) === null)
    throw new CommandFailure(2, `--resolver ${text}: write an IP address, such as 9.9.9.9`);
  return text;
}

function tagLifetime(text: string): number {
  const lifetime = tryParseTagLifetime(text);
  if (lifetime === null) throw new CommandFailure(2, `--tags ${text}: write never, always, or a duration such as 5m`);
  return lifetime;
}

function duration(flag: string, text: string): number {
  const milliseconds = tryParseDuration(text);
  if (milliseconds === null) throw new CommandFailure(2, `${flag} ${text}: write a duration such as 30s, 5m or 1h`);
  return milliseconds;
}

function byteSize(flag: string, text: string): number {
  const bytes = tryParseByteSize(text);
  if (bytes === null) throw new CommandFailure(2, `${flag} ${text}: write a size such as 500MB or 10GB`);
  return bytes;
}

function logLevel(text: string): Settings["logLevel"] {
  if (text === "debug" || text === "info" || text === "warning" || text === "error") return text;
  throw new CommandFailure(2, `--log-level ${text}: write debug, info, warning or error`);
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new CommandFailure(2, `cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
