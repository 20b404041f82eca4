import { X509Certificate } from "node:crypto";
import { Command } from "commander";
import { systemClock } from "../../lib/async/clock.ts";
import { AciError } from "../../aci/aci-error.ts";
import { ConfigurationError } from "../../server/settings/configuration-error.ts";
import { DataFolderError } from "../../server/data-folder.ts";
import { ListenError } from "../../server/listen-error.ts";
import { goesToJournal, openLog, type OpenLog } from "../../server/open-log.ts";
import { openServiceNotices, type ServiceNotices, withoutManager } from "../../server/service-notices.ts";
import { type RunningServer, serve } from "../../server/serve.ts";
import { type ReadSettings, readSettings, type SettingSources } from "../../server/sources/read-settings.ts";
import type { Settings } from "../../server/settings/settings.ts";
import { SettingsReloader } from "../../server/settings-reloader.ts";
import { VERSION } from "../../telemetry/version.ts";
import type { Log } from "../../telemetry/log.ts";
import { CertificateError } from "../../tls/certificate-source.ts";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { leaveAdministratorSecret } from "../../remote/running/administrator-file.ts";
import { announceLarder } from "../../remote/running/running-larders.ts";
import { ownProgram, programPlaces } from "../own-program.ts";
import { addSettingFlags, readSettingsOrFail, sourcesOf } from "../setting-flags.ts";

/** `larder serve`: runs the registry until SIGTERM or SIGINT. `onHangup` calls back at each SIGHUP: settings are read again. */
export function serveCommand(io: CommandIo, onHangup: (callback: () => void) => void): Command {
  const command = new Command("serve")
    .description("Run the registry: keep images, and answer for the registries that they come from.")
    .action(() => runServer(io, sourcesOf(command, io.environment), onHangup));
  return addSettingFlags(command);
}

/** What is done between the settings and the start. */
type Preparation = (started: ReadSettings, log: Log) => Promise<void>;

/** Runs the registry with the settings of these sources until SIGTERM or SIGINT. Throws a CommandFailure when it cannot start. */
export async function runServer(
  io: CommandIo,
  sources: SettingSources,
  onHangup: (callback: () => void) => void,
  prepare: Preparation = () => Promise.resolve(),
): Promise<void> {
  const notices = await openServiceNotices(io.environment);
  notices?.starting();
  try {
    await run(io, sources, onHangup, { notices, prepare });
  } catch (error) {
    throw error instanceof CommandFailure ? toldToManager(error, io, notices) : error;
  }
}

async function run(
  io: CommandIo,
  sources: SettingSources,
  onHangup: (callback: () => void) => void,
  { notices, prepare }: { readonly notices: ServiceNotices | null; readonly prepare: Preparation },
): Promise<void> {
  const started = await readSettingsOrFail(sources);
  const { log, droppedLines } = openLog(io, started.settings);
  tellNotices(started, log);
  await prepare(started, log);
  const starting = start(io, started.settings, { log, droppedLines });
  const reloader = new SettingsReloader({
    started,
    read: () => readSettings(sources),
    apply: async (settings, changed) => {
      await (await starting).reconfigure(settings, changed);
      log.setLevel(settings.logLevel);
    },
    log,
  });
  const reload = async () => {
    notices?.reloading();
    const problems = await reloader.reload();
    notices?.ready(statusOf(await starting, problems));
  };
  // A start that fails says so itself.
  onHangup(() => void reload().catch(() => {}));
  const server = await starting;
  const { urls, dataFolder, authorityPem, administrator, listeners } = server;
  const { instanceId, secret } = administrator;
  const withdrawSecret = leaveAdministratorSecret(instanceId, secret, listeners, io.environment);
  const withdraw = announceLarder({ urls, dataFolder, authorityPem }, io.environment);
  notices?.ready(statusOf(server, []));
  // The journal has a line that says so, at every start.
  if (!goesToJournal(1, io.environment))
    announce(io, server, { isFound: withdraw !== null, hasPage: started.settings.web });
  await untilSignal(io.signal);
  notices?.stopping();
  withdraw?.();
  withdrawSecret?.();
  await server.stop(signalOf(io.signal));
}

function tellNotices({ notices }: ReadSettings, log: Log): void {
  for (const { level, message } of notices) log.write(level, message);
}

async function start(io: CommandIo, settings: Settings, log: OpenLog): Promise<RunningServer> {
  try {
    return await serve(settings, {
      ...log,
      clock: systemClock,
      version: VERSION,
      variables: withoutManager(io.environment),
      program: ownProgram(),
      programPlaces: programPlaces(),
    });
  } catch (error) {
    if (error instanceof ConfigurationError || error instanceof AciError) throw new CommandFailure(2, error.message);
    if (error instanceof ListenError || error instanceof DataFolderError || error instanceof CertificateError) {
      throw new CommandFailure(1, error.message);
    }
    throw error;
  }
}

/** Says why there is no server where people look for it: beside the service, and in the journal as an error. */
function toldToManager(failure: CommandFailure, io: CommandIo, notices: ServiceNotices | null): CommandFailure {
  notices?.failed(failure.message);
  if (!goesToJournal(2, io.environment) || failure.message === "") return failure;
  for (const line of failure.message.split("\n")) io.stderr.write(`<3>${line}\n`);
  return new CommandFailure(failure.exitStatus, "", { cause: failure });
}

/** What the service manager shows of the server in one line. */
function statusOf({ urls, nameServers }: RunningServer, problems: readonly string[]): string {
  const more = urls.length > SHOWN_URLS ? ` and ${urls.length - SHOWN_URLS} more` : "";
  const names = nameServers.length === 0 ? "" : `, DNS at ${nameServers.slice(0, SHOWN_URLS).join(" ")}`;
  const serving = `serves at ${urls.slice(0, SHOWN_URLS).join(" ")}${more}${names}`;
  return problems.length === 0 ? serving : `${serving}; the settings were not read again: ${problems[0]}`;
}

const SHOWN_URLS = 4;

async function untilSignal(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
}

/** Why the process is to end, as its log tells it: the name of a signal. */
function signalOf({ reason }: AbortSignal): string {
  return reason instanceof Error ? reason.message : String(reason);
}

/**
 * Says where larder is and what to do next. `isFound`: commands on this machine find it without being told where; `hasPage`: it has a
 * page for browsers.
 */
function announce(
  io: CommandIo,
  { urls, nameServers, authorityPem, dataFolder }: RunningServer,
  { isFound, hasPage }: { readonly isFound: boolean; readonly hasPage: boolean },
): void {
  const [first = ""] = urls;
  const isSecure = first.startsWith("https:");
  const address = first.replace(/^https?:\/\//, "");
  const flag = isFound || address === "localhost:5000" ? "" : ` --registry ${isSecure ? first : address}`;
  const [skopeo, podman] = isSecure ? ["", ""] : ["--dest-tls-verify=false ", "--tls-verify=false "];
  const outside = urls.filter((url) => !/:\/\/(?:localhost|127\.|\[::1\])/.test(url));
  const plain = outside.find((url) => url.startsWith("http:"));
  const shown = plain ?? outside[0] ?? first;
  const page = shown.startsWith("https:") ? `-k ${shown}` : shown;
  const lines = [
    section("listens at", urls),
    section("answers DNS", nameServers),
    section("authority", authorityPem === null ? [] : [new X509Certificate(authorityPem).fingerprint256]),
    section("keeps data", [dataFolder]),
    // Where a browser is, more often than not: elsewhere.
    section("has its page", hasPage ? [`${shown}/`] : []),
  ];
  io.stdout.write(`larder ${VERSION} is ready

${lines.join("")}
Try next:
  podman pull ${podman}${address}/docker.io/library/alpine:3      # through larder, and kept here
  skopeo copy ${skopeo}docker-daemon:myapp:1 docker://${address}/myapp:1
  larder ls${flag}
  curl -fsS ${page}/client/   # how nodes come to pull from here, a line for each runtime
`);
}

function section(title: string, values: readonly string[]): string {
  return values.length === 0 ? "" : `  ${title.padEnd(13)}${values.join(`\n${" ".repeat(15)}`)}\n`;
}
