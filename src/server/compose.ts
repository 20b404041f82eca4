import { statfs } from "node:fs/promises";
import { AdminApi } from "../http/admin/admin-api.ts";
import { adminActions } from "../http/admin/admin-actions.ts";
import { ClientPages } from "../http/clients/client-pages.ts";
import type { ListeningSocket } from "../http/clients/client-request.ts";
import { Pipeline } from "../http/pipeline.ts";
import { HealthPages } from "../http/health/health-pages.ts";
import { RequestLog } from "../http/request-log.ts";
import { RequestIds } from "../http/request-id.ts";
import { MetricsPages } from "../http/metrics/metrics-pages.ts";
import { DistributionApi, type Registry } from "../http/distribution/distribution-api.ts";
import type { Clock } from "../lib/async/clock.ts";
import type { Turns } from "../lib/async/turns.ts";
import { LOCAL } from "../oci/repository-name.ts";
import { BlobFiles } from "../registry/pull/blob-files.ts";
import { Blobs } from "../registry/pull/blobs.ts";
import type { SearchOrder } from "../registry/names/search-order.ts";
import { Catalog } from "../registry/images/catalog.ts";
import { logEvents } from "../registry/log-events.ts";
import { Collector } from "../registry/collector.ts";
import { ImageCacher } from "../registry/images/image-cacher.ts";
import { ImageRemover } from "../registry/images/image-remover.ts";
import { ImageSurvey } from "../registry/images/image-survey.ts";
import { HeldImages } from "../registry/images/held-images.ts";
import { Inventory } from "../registry/images/inventory.ts";
import { ManifestPushes } from "../registry/push/manifest-pushes.ts";
import { Manifests } from "../registry/pull/manifests.ts";
import { OfflineSwitch } from "../registry/pull/offline-switch.ts";
import { RecentFailures } from "../registry/pull/recent-failures.ts";
import { Referrers } from "../registry/images/referrers.ts";
import { BestEffortWrites } from "../registry/pull/best-effort-writes.ts";
import { LastingTraffic } from "../registry/pull/lasting-traffic.ts";
import { TrafficCounter } from "../registry/pull/traffic.ts";
import { UpstreamBlobs } from "../registry/pull/upstream-blobs.ts";
import { UpstreamHealth } from "../registry/pull/upstream-health.ts";
import { UpstreamManifests } from "../registry/pull/upstream-manifests.ts";
import { Upstreams } from "../registry/pull/upstreams.ts";
import { Uploads } from "../registry/push/uploads.ts";
import { Verifier } from "../registry/verifier.ts";
import { FilesystemAside } from "../storage/filesystem/aside-filesystem.ts";
import { FilesystemBlobs } from "../storage/filesystem/blobs-filesystem.ts";
import type { DiskReserve } from "../storage/filesystem/disk-reserve.ts";
import type { Namespace } from "../oci/repository-name.ts";
import type { WriteGuard } from "../storage/write-guard.ts";
import type { MetadataStore } from "../storage/metadata.ts";
import { FilesystemSpool } from "../storage/filesystem/spool-filesystem.ts";
import type { LineLog } from "../telemetry/line-log.ts";
import type { Log } from "../telemetry/log.ts";
import { newInstanceId } from "../upstream/loop-mark.ts";
import { addressTowards } from "./address-towards.ts";
import { composeAci } from "./compose-aci.ts";
import { composeGate } from "./compose-gate.ts";
import type { ServerMetrics } from "./metrics/server-metrics.ts";
import { readinessChecks } from "./readiness.ts";
import { standInsOf, UpstreamOpener } from "./open-upstreams.ts";
import { servedHostsOf } from "./served-hosts.ts";
import type { CurrentSettings } from "./settings/current-settings.ts";
import type { Settings } from "./settings/settings.ts";
import { scheduledCollection } from "./scheduled-collection.ts";
import type { RequestHandler } from "./web-listener.ts";

/** What a server needs from its process. */
export type ServerEnvironment = {
  readonly log: LineLog;
  /** How many lines of the log were left out, since nobody took them. */
  readonly droppedLines: () => number;
  readonly clock: Clock;
  readonly version: string;
  /** The process's environment variables. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** This program as a command line, for work that is done in processes of their own. */
  readonly program: readonly string[];
};

/** What the parts of a larder are composed over: its data folder, its stores and what they share. */
export type Foundation = {
  readonly dataFolder: string;
  readonly metadata: MetadataStore;
  readonly reserve: DiskReserve;
  /** Sees when the data folder is not in its place. */
  readonly guard: WriteGuard & { readonly problem: string | null };
  /** Who shares the event loop, the keeping of the store included. */
  readonly turns: Turns;
  /** PEM of larder's own authority, or null. */
  readonly authorityPem: string | null;
  /** Where larder listens; known when the first request comes. */
  readonly sockets: () => readonly ListeningSocket[];
  readonly metrics: ServerMetrics;
};

/** A larder without sockets: it answers requests, and collects unreferenced content when it is called to. */
export type Composition = {
  readonly handle: RequestHandler;
  readonly collect: () => void;
  /** Throws AciError when what the settings name for ACIs cannot be used. */
  readonly check: () => Promise<void>;
  /** Takes up what was set while larder ran. To be called before the first request. */
  readonly start: () => Promise<void>;
  /**
   * Reads what the settings name of upstream registries; what it returns fetches from these from now on. To be done before
   * the first request, and when the settings are read again. Throws ConfigurationError, and nothing has changed then.
   */
  readonly prepareUpstreams: (settings: Settings) => Promise<() => void>;
  /** Writes down what was answered, as far as that is not done yet. Never fails. */
  readonly saveTraffic: () => Promise<void>;
  /** Ends the work that is done for nobody any more. */
  readonly stop: () => Promise<void>;
};

/** Makes the parts of a larder and wires them: the one place that knows their concrete classes. */
export function compose(
  settings: CurrentSettings,
  environment: ServerEnvironment,
  foundation: Foundation,
): Composition {
  const { log, clock, version, variables, program } = environment;
  const { now } = clock;
  const { dataFolder, metadata, reserve, guard, turns, metrics } = foundation;
  const { manifests, tags, repositories, links, holdings, collection, transitions, leases } = metadata;
  const standIns = settings.derive(standInsOf);
  const order = searchOrderOf(settings, standIns);
  const blobs = new FilesystemBlobs(dataFolder, guard);
  const spool = new FilesystemSpool(dataFolder, reserve, guard);
  const aside = new FilesystemAside(dataFolder, guard);
  const bestEffort = new BestEffortWrites(log, clock.elapsed);
  const files = new BlobFiles({ store: blobs, aside, transitions, bestEffort, log });
  const uploads = new Uploads({ spool, store: blobs }, files, metadata, now);
  const instanceId = newInstanceId();
  const upstreams = new Upstreams([], settings.now.offline, (offline) => tellOfSwitch(offline, log));
  logEvents(metadata.events, log);
  const offline = new OfflineSwitch(upstreams, metadata.settings, bestEffort);
  const opener = new UpstreamOpener({
    variables,
    instanceId,
    log,
    clock,
    upstreams,
    observerOf: (namespace, urls) => metrics.upstreams.observerOf(namespace, urls),
  });
  const traffic = new TrafficCounter((namespace) => namespace === LOCAL || upstreams.knows(namespace));
  const lastingTraffic = new LastingTraffic(traffic, metadata.statistics, bestEffort);
  const failures = new RecentFailures(log, clock.elapsed);
  const origin = new UpstreamManifests(upstreams, metadata, traffic, { failures, bestEffort }, turns, clock);
  const blobOrigin = new UpstreamBlobs(upstreams, { spool, store: blobs }, metadata, traffic, { log, failures }, clock);
  const collector = new Collector({
    blobs,
    aside,
    collection,
    transitions,
    events: metadata.events,
    leases,
    uploads,
    now,
    guard,
  });
  const { gate, authenticator } = composeGate(settings, foundation.sockets, turns, clock.elapsed);
  const registryBlobs = new Blobs({
    store: blobs,
    files,
    links,
    holdings,
    origin: blobOrigin,
    order,
    traffic,
    bestEffort,
    now,
    get graceMs() {
      return settings.now.gcGraceMs;
    },
  });
  const pushes = new ManifestPushes({
    store: manifests,
    holdings,
    files,
    origin,
    blobs: registryBlobs,
    order,
    get acceptSparse() {
      return settings.now.acceptSparse;
    },
    turns,
    now,
  });
  const registry: Registry = {
    hosts: servedHostsOf(settings, clock.elapsed),
    manifests: new Manifests({
      store: manifests,
      tags,
      origin,
      order,
      isOffline: () => upstreams.offline,
      traffic,
      turns,
      now,
    }),
    pushes,
    blobs: registryBlobs,
    uploads,
    catalog: new Catalog(tags, repositories, order),
    referrers: new Referrers({ manifests, tags }, origin, order, turns),
  };
  const distribution = new DistributionApi(registry, {
    gate,
    // As who may write at all, this changes with a restart alone.
    allowDeletes: settings.now.deletes,
    instanceId,
  });
  const cacher = new ImageCacher(registry.manifests, registry.blobs, registry.referrers, turns);
  const collectionLimits = {
    get graceMs() {
      return settings.now.gcGraceMs;
    },
    get uploadExpiryMs() {
      return settings.now.uploadExpiryMs;
    },
  };
  const disk = () => spaceOf(dataFolder);
  const actions = adminActions({
    version,
    startedAtMs: now(),
    inventory: new Inventory(manifests, metadata.tagIndex, turns),
    collector,
    collectionLimits,
    aside,
    verifier: new Verifier({ store: blobs, aside, transitions, leases, turns, log, elapsed: clock.elapsed }),
    cacher,
    remover: new ImageRemover(manifests, tags, turns, now),
    survey: (signal) => new ImageSurvey({ manifests, tags, holdings, blobs, files, order }, turns.begin(signal)),
    upstreams,
    offline,
    upstreamHealth: new UpstreamHealth(upstreams, clock.elapsed),
    disk,
    guard,
    traffic,
    lastingTraffic,
  });
  const admin = new AdminApi(actions, {
    version,
    gate,
    turns,
    checksAnswers: variables["LARDER_CHECK_ANSWERS"] === "1",
  });
  const held = new HeldImages(tags, repositories, turns);
  const aci = composeAci(settings, {
    dataFolder,
    blobStore: blobs,
    registry,
    held,
    cacher,
    turns,
    program,
    clock,
    gate,
  });
  const clientPages = new ClientPages({
    get standIns() {
      return standIns();
    },
    authorityPem: foundation.authorityPem,
    sockets: foundation.sockets,
    get addresses() {
      return settings.now.addresses;
    },
    addressTowards,
    gate,
  });
  const requestMetrics = metrics.watchRegistry({
    traffic,
    upstreams,
    collections: () => collector.totals,
    store: { statistics: metadata.statistics, downloads: () => blobOrigin.downloads, disk, guard, reserve },
  });
  let isStopping = false;
  const health = new HealthPages(
    readinessChecks({ dataFolder, guard, sessions: metadata.sessions, isStopping: () => isStopping }),
  );
  const pipeline = new Pipeline({
    // Discovery of ACIs is asked for at any path, by its query.
    pages: [aci.pages, distribution, admin, new MetricsPages(metrics.all, gate), clientPages, health],
    authenticator,
    observers: [new RequestLog(log, () => settings.now.trustedProxies), requestMetrics],
    requestIds: new RequestIds(instanceId.slice(0, 8)),
    log,
    elapsed: clock.elapsed,
  });
  return {
    handle: (request, listener) => pipeline.handle(request, listener),
    check: aci.check,
    start: () => offline.start(settings.now.offline),
    prepareUpstreams: async (next) => {
      const open = await opener.prepare(next);
      return () => {
        const namespaces = open();
        // What failed may answer elsewhere now.
        if (namespaces.length > 0) failures.forgetAll();
        if (next.offline !== settings.now.offline) void offline.configure(next.offline);
      };
    },
    saveTraffic: () => lastingTraffic.save(),
    stop: () => {
      isStopping = true;
      return aci.stop();
    },
    collect: scheduledCollection(() => collector.collect(collectionLimits), log),
  };
}

function tellOfSwitch(offline: boolean, log: Log): void {
  const what = offline
    ? "larder is offline: no upstream registry is contacted"
    : "larder is online: upstream registries are contacted";
  log.write("info", what, { offline });
}

/** The order that holds at each search. */
function searchOrderOf(settings: CurrentSettings, standIns: () => readonly Namespace[]): SearchOrder {
  return {
    get unqualified() {
      return settings.now.unqualified;
    },
    get standIns() {
      return standIns();
    },
    get localAnswersForAll() {
      return settings.now.localAnswersForAll;
    },
  };
}

async function spaceOf(folder: string): Promise<{ freeBytes: number; sizeBytes: number }> {
  const { bavail, blocks, bsize } = await statfs(folder);
  return { freeBytes: bavail * bsize, sizeBytes: blocks * bsize };
}
