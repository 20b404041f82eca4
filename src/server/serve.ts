import { resolve } from "node:path";
import type { AuditStore } from "../storage/audit.ts";
import type { DnsServer } from "../dns/server.ts";
import { formatSocketAddress } from "../lib/net/socket-address.ts";
import { Turns } from "../lib/async/turns.ts";
import { Changes } from "../registry/live/changes.ts";
import type { Log } from "../telemetry/log.ts";
import { compose, type Composition } from "./compose.ts";
import type { ServerEnvironment } from "./foundation.ts";
import { openClientIdentification } from "./client-identification.ts";
import { openDataFolder } from "./data-folder.ts";
import { maintainStore } from "./maintain-store.ts";
import { ListenError } from "./listen-error.ts";
import { ServerMetrics } from "./metrics/server-metrics.ts";
import { startNameServer } from "./name-server.ts";
import { standInsOf } from "./open-upstreams.ts";
import { type ServerNames, certificateSubjects } from "./certificate-subjects.ts";
import { plainLog } from "./plain-log.ts";
import { openServerCertificate, type ServerCertificate } from "./server-certificate.ts";
import { CurrentSettings } from "./settings/current-settings.ts";
import type { Settings } from "./settings/settings.ts";
import {
  type ClientIdentification,
  listenHttp,
  listenHttps,
  listenIdentifying,
  urlsOf,
  type WebListener,
} from "./web-listener.ts";

/** A running larder. */
export type RunningServer = {
  /** Where it listens for requests. */
  readonly urls: readonly string[];
  /** Where it answers DNS, as `10.0.0.5:53`; none: nowhere. */
  readonly nameServers: readonly string[];
  /** PEM of larder's own authority; null when it presents no certificate, or another's. */
  readonly authorityPem: string | null;
  /** The data folder, absolute. */
  readonly dataFolder: string;
  /** How commands on this machine know this process, and are known to it. */
  readonly administrator: { readonly instanceId: string; readonly secret: string };
  readonly listeners: readonly Pick<WebListener, "scheme" | "host" | "port">[];
  /**
   * Goes on with other settings, of which `changed` are the keys of those that are new; listeners, the data folder and the certificate stay as they are. Work that has begun ends as
   * it began. Throws ConfigurationError when a file that they name cannot be read, and has changed nothing then.
   */
  reconfigure(settings: Settings, changed: readonly string[]): Promise<void>;
  /** Takes no more requests, lets open ones end for `settings.shutdownMs`, then closes everything. `reason` is for the log. */
  stop(reason: string): Promise<void>;
};

/**
 * Opens the store and the sockets of a larder, and serves. Throws ListenError, DataFolderError, CertificateError,
 * ConfigurationError, AciError.
 */
export async function serve(settings: Settings, environment: ServerEnvironment): Promise<RunningServer> {
  if (settings.http.length + settings.https.length === 0) {
    throw new ListenError("there is no address to listen on; give --http ADDRESS or --https ADDRESS");
  }
  const dataFolder = resolve(settings.data);
  const opened = new Opened();
  try {
    const { clock, log } = environment;
    const turns = new Turns();
    const { metadata, reserve, guard, housekeeping } = await openDataFolder(dataFolder, log, clock.now, turns);
    opened.add(() => guard.close());
    opened.add(() => metadata.close());
    if (housekeeping !== null)
      opened.add(maintainStore(housekeeping, guard, { turns, everyMs: settings.gcIntervalMs, log }));
    const current = new CurrentSettings(settings);
    const own = current.derive((told) => ({ ...told, standIns: standInsOf(told) }));
    const certificate = await openCertificate(settings, dataFolder, own, environment.log);
    opened.add(() => certificate?.source.stop());
    const authorityPem = certificate?.authorityPem ?? null;
    const listeners: WebListener[] = [];
    opened.add(() => Promise.all(listeners.map((listener) => listener.close())));
    const metrics = new ServerMetrics(environment.version);
    opened.add(metrics.start());
    metrics.watchLog(log, environment.droppedLines);
    metrics.watchListeners(() => openRequestsOf(listeners));
    if (certificate !== null) metrics.watchCertificate(certificate.source, authorityPem);
    const sockets = () => listeners;
    const foundation = {
      dataFolder,
      metadata,
      reserve,
      guard,
      turns,
      checkDatabase: housekeeping?.check ?? (() => Promise.resolve(null)),
      housekeeping,
      openRequests: () => openRequestsOf(listeners),
      authorityPem,
      sockets,
      metrics,
      changes: new Changes(),
    };
    const composition = compose(current, environment, foundation);
    opened.add(saving(composition.saveTraffic, SAVE_TRAFFIC_MS));
    opened.add(saving(composition.savePulls, SAVE_PULLS_MS));
    opened.add(() => composition.sendTraces());
    opened.add(() => composition.stop());
    await composition.check();
    await composition.start();
    (await composition.prepare(settings))();
    const spaceTimer = setInterval(() => void composition.keepSpace(), KEEP_SPACE_MS);
    opened.add(() => clearInterval(spaceTimer));
    const queueTimer = setInterval(() => void composition.keepQueues(), KEEP_QUEUES_MS);
    opened.add(() => clearInterval(queueTimer));
    const timer = setInterval(composition.collect, settings.gcIntervalMs);
    opened.add(() => clearInterval(timer));
    const identification =
      settings.clientCertificates === null
        ? null
        : await openClientIdentification(settings.clientCertificates, dataFolder, environment.log);
    opened.add(() => identification?.close());
    await openListeners(listeners, settings, composition, { certificate, identification, log: environment.log });
    // Nobody waits for it: it takes longer than all that went before, the first time.
    const restored = reserve.restore();
    opened.add(() => restored);
    const onFault = (error: unknown) => log.write("error", "a request failed", { error: String(error) });
    for (const address of settings.debug) {
      const listener = await listenHttp({ address, handle: composition.handleDebug, onFault });
      opened.add(() => listener.close());
    }
    const names = await startNameServer(current, own, metrics.dns, environment);
    opened.add(() => names?.stop());
    const urls = listeners.flatMap(urlsOf);
    log.write("info", "larder has started", {
      version: environment.version,
      urls: urls.join(" "),
      data: dataFolder,
      offline: settings.offline,
      process: process.pid,
    });
    composition.adopt();
    return {
      urls,
      nameServers: names?.addresses.map(formatSocketAddress) ?? [],
      authorityPem,
      dataFolder,
      administrator: composition.administrator,
      listeners: listeners.map(({ scheme, host, port }) => ({ scheme, host, port })),
      reconfigure: async (next, changed) => {
        const takeUp = await composition.prepare(next);
        takeUp();
        current.replace(next);
        await auditReload(metadata.audit, changed, clock.now());
      },
      stop: async (reason) => {
        const startedMs = clock.elapsed();
        log.write("info", "larder stops", { reason, openRequests: openRequestsOf(listeners) });
        await Promise.all([composition.stop(), drain(listeners, names, current.now.shutdownMs, log)]);
        await opened.close();
        log.write("info", "larder has stopped", { reason, ms: Math.round(clock.elapsed() - startedMs) });
      },
    };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/** Who sent the signal, nobody knows. What could not be written down is in the log all the same. */
async function auditReload(audit: AuditStore, changed: readonly string[], atMs: number): Promise<void> {
  if (changed.length === 0) return;
  const nobody = { who: null, from: null, requestId: null };
  const entry = { ...nobody, atMs, action: "settings-reloaded", subject: changed.join(" "), detail: null };
  await audit.append(entry).catch(() => {});
}

/** What a server that is killed loses of its counts, and of when images were pulled, at most. */
const SAVE_TRAFFIC_MS = 10_000;
const SAVE_PULLS_MS = 60_000;
/** What grows besides pulls and pushes is looked at this often: the database, converted ACIs, what others write to the disk. */
const KEEP_SPACE_MS = 10_000;
/** How soon it is said that notifications were dropped. */
const KEEP_QUEUES_MS = 60_000;

/** Has what is in memory written down every so often, and once more by the function that comes back, which ends it. */
function saving(save: () => Promise<void>, everyMs: number): () => Promise<void> {
  const timer = setInterval(() => void save(), everyMs);
  return () => {
    clearInterval(timer);
    return save();
  };
}

/** What has been opened so far, and is closed in the opposite order. */
class Opened {
  readonly #closers: (() => unknown)[] = [];

  add(close: () => unknown): void {
    this.#closers.push(close);
  }

  async close(): Promise<void> {
    for (const close of this.#closers.toReversed()) await close();
  }
}

async function openCertificate(
  { https, tls }: Settings,
  dataFolder: string,
  own: () => ServerNames,
  log: Log,
): Promise<ServerCertificate | null> {
  return https.length === 0 ? null : openServerCertificate(tls, dataFolder, () => certificateSubjects(own()), log);
}

/** What HTTPS takes; `identification` null: clients are not asked for certificates. */
type Secured = {
  readonly certificate: ServerCertificate | null;
  readonly identification: ClientIdentification | null;
  readonly log: Log;
};

async function openListeners(
  listeners: WebListener[],
  settings: Settings,
  { handle }: Composition,
  { certificate, identification, log }: Secured,
): Promise<void> {
  const onFault = (error: unknown) => log.write("error", "a request failed", { error: String(error) });
  for (const address of settings.http) listeners.push(await listenHttp({ address, handle, onFault }));
  if (certificate === null) return;
  const { source } = certificate;
  const limits = { minimum: settings.tlsMinimum, ciphers: settings.tlsCiphers };
  for (const address of settings.https) {
    const options = { address, handle, onFault, source, limits, log: plainLog(log) };
    listeners.push(
      await (identification === null ? listenHttps(options) : listenIdentifying({ ...options, ...identification })),
    );
  }
}

function openRequestsOf(listeners: readonly WebListener[]): number {
  return listeners.reduce((sum, listener) => sum + listener.openRequests(), 0);
}

async function drain(
  listeners: readonly WebListener[],
  names: DnsServer | null,
  limitMs: number,
  log: Log,
): Promise<void> {
  const open = () => openRequestsOf(listeners);
  const drained = Promise.all(listeners.map((listener) => listener.stopListening())).then(() => true);
  names?.stop();
  if (open() > 0) log.write("info", "waiting for open transfers", { open: open(), seconds: limitMs / 1000 });
  const limit = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => limit.resolve(false), limitMs);
  // A connection that was left open in the middle of a body that nobody reads keeps `drained` waiting for nothing.
  const quiet = untilQuiet(open, limitMs).then(() => true);
  const isDrained = await Promise.race([drained, quiet, limit.promise]);
  clearTimeout(timer);
  if (!isDrained) log.write("warning", "transfers were cut off", { open: open() });
}

const QUIET_CHECK_MS = 50;

/** Waits until no request is being answered, twice in a row: one may just be on its way in. At most `limitMs`. */
async function untilQuiet(open: () => number, limitMs: number): Promise<void> {
  const untilMs = performance.now() + limitMs;
  for (let quiet = 0; quiet < 2 && performance.now() < untilMs; quiet = open() === 0 ? quiet + 1 : 0) {
    await Bun.sleep(QUIET_CHECK_MS);
  }
}
