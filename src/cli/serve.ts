import { readFile } from "node:fs/promises";
import { Command } from "commander";
import { tryParseDuration } from "../lib/duration.ts";
import type { Namespace } from "../oci/repository-name.ts";
import { parseStandInFile, tryParseStandIn } from "../registry/stand-ins.ts";
import { ConfigurationError, parseConfiguration } from "../server/configuration-file.ts";
import { DataFolderError } from "../server/data-folder-lock.ts";
import { settingsOfEnvironment } from "../server/environment-settings.ts";
import { ListenError } from "../server/http-listener.ts";
import { type ListenAddress, tryParseListenAddress } from "../server/listen-address.ts";
import { type RunningServer, serve } from "../server/serve.ts";
import { tryParseResolver, tryParseTagLifetime, tryParseUrl } from "../server/setting-values.ts";
import { DEFAULT_SETTINGS, type Settings, type UpstreamSettings } from "../server/settings.ts";
import { VERSION } from "../server/version.ts";
import { LineLog } from "../telemetry/log.ts";
import { CommandFailure, type CommandIo } from "./command-io.ts";

type Flags = {
  http?: string[];
  data?: string;
  config?: string;
  standIn?: string[];
  name?: string[];
  upstream?: string[];
  offline?: boolean;
  resolver?: string[];
  tags?: string;
  credentials?: string;
  open?: boolean;
  gcGrace?: string;
  logLevel?: string;
};

/** `larder serve`: runs the registry until SIGTERM or SIGINT. */
export function serveCommand(io: CommandIo): Command {
  return new Command("serve")
    .summary("run the registry")
    .description("Run the registry: keep images, and answer for the registries that they come from.")
    .option(
      "--http <address>",
      "listen for plain HTTP on :PORT, IPv4:PORT or [IPv6]:PORT; repeatable (default :5000)",
      collect,
    )
    .option("--data <folder>", "where images are kept (default ./larder-data)")
    .option("--config <file>", "larder.yaml; flags win over it")
    .option("--stand-in <host|file>", "a registry to stand in for, or a file with one a line; repeatable", collect)
    .option("--upstream <host=url>", "where a registry answers, when it is not https://HOST; repeatable", collect)
    .option("--offline", "never contact an upstream registry (also at run time: larder offline on)")
    .option(
      "--resolver <address>",
      "a DNS server for upstream names, past the hosts file of this machine; repeatable",
      collect,
    )
    .option("--tags <lifetime>", "how long a cached tag is taken for current: never, always, or 5m (the default)")
    .option(
      "--credentials <file>",
      "a Docker config.json with credentials for upstreams (default: Docker's and Podman's)",
    )
    .option("--name <host>", "a name of this larder's own; repeatable", collect)
    .option("--open", "let everyone who reaches larder push and delete, not only this machine")
    .option("--gc-grace <duration>", "how long blobs of a push in flight stay without their manifest (default 1h)")
    .option("--log-level <level>", "debug, info, warning or error (default info)")
    .action(async (flags: Flags) => {
      const server = await start(io, await settingsOf(flags, io.environment));
      announce(io, server);
      await new Promise<void>((resolve) => {
        if (io.signal.aborted) resolve();
        io.signal.addEventListener("abort", () => resolve());
      });
      await server.stop();
    });
}

function collect(value: string, previous: string[] | undefined): string[] {
  return [...(previous ?? []), value];
}

/** Flags win over registry:2's variables, these over the file, and that over the defaults. */
async function settingsOf(flags: Flags, environment: CommandIo["environment"]): Promise<Settings> {
  try {
    const fromFile = flags.config === undefined ? {} : parseConfiguration(await readText(flags.config), flags.config);
    const given = { ...DEFAULT_SETTINGS, ...fromFile, ...settingsOfEnvironment(environment) };
    const fromFlags = await settingsOfFlags(flags);
    return { ...given, ...fromFlags, upstreams: mergeUpstreams(given.upstreams, fromFlags.upstreams ?? []) };
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

async function settingsOfFlags(flags: Flags): Promise<Partial<Settings>> {
  return {
    ...(flags.http ? { http: flags.http.map(listenAddress) } : {}),
    ...(flags.data ? { data: flags.data } : {}),
    ...(flags.standIn ? { standIns: (await Promise.all(flags.standIn.map(standIns))).flat() } : {}),
    ...(flags.name ? { names: flags.name } : {}),
    ...(flags.upstream ? { upstreams: flags.upstream.map(upstream) } : {}),
    ...(flags.offline ? { offline: true } : {}),
    ...(flags.resolver ? { resolvers: flags.resolver.map(resolver) } : {}),
    ...(flags.tags ? { tagLifetimeMs: tagLifetime(flags.tags) } : {}),
    ...(flags.credentials ? { credentials: flags.credentials } : {}),
    ...(flags.open ? { open: true } : {}),
    ...(flags.gcGrace ? { gcGraceMs: duration("--gc-grace", flags.gcGrace) } : {}),
    ...(flags.logLevel ? { logLevel: logLevel(flags.logLevel) } : {}),
  };
}

function listenAddress(text: string): ListenAddress {
  const address = tryParseListenAddress(text);
  if (address === null) {
    throw new CommandFailure(2, `--http ${text}: write :PORT, IPv4:PORT or [IPv6]:PORT, such as :80 or 127.0.0.1:5000`);
  }
  return address;
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
  const [host = "", url = ""] = [text.slice(0, text.indexOf("=")), text.slice(text.indexOf("=") + 1)];
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

async function start(io: CommandIo, settings: Settings): Promise<RunningServer> {
  const log = new LineLog((line) => io.stderr.write(line), settings.logLevel, Date.now);
  try {
    return await serve(settings, { log, now: Date.now, version: VERSION, variables: io.environment });
  } catch (error) {
    if (error instanceof ListenError || error instanceof DataFolderError) throw new CommandFailure(1, error.message);
    if (error instanceof ConfigurationError) throw new CommandFailure(2, error.message);
    throw error;
  }
}

/** Says where larder is and what to do next. */
function announce(io: CommandIo, { urls, dataFolder }: RunningServer): void {
  const [first = ""] = urls;
  const address = first.replace(/^http:\/\//, "");
  const flag = address === "localhost:5000" ? "" : ` --registry ${address}`;
  io.stdout.write(`larder ${VERSION} is ready

  listens at   ${urls.join("\n               ")}
  keeps data   ${dataFolder}

Try next:
  skopeo copy --dest-tls-verify=false docker-daemon:myapp:1 docker://${address}/myapp:1
  podman pull --tls-verify=false ${address}/myapp:1
  larder ls${flag}
`);
}
