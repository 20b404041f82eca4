import { Pipeline } from "../http/pipeline.ts";
import { RequestIds } from "../http/request-id.ts";
import { RequestLog } from "../http/request-log.ts";
import { RequestSpans } from "../http/request-spans.ts";
import type { Namespace } from "../oci/repository-name.ts";
import type { SearchOrder } from "../registry/names/search-order.ts";
import type { UpstreamEvent } from "../upstream/upstream-event.ts";
import { newInstanceId } from "../upstream/loop-mark.ts";
import { composeAccounts, savingAccounts } from "./compose-accounts.ts";
import { UpstreamProver } from "../registry/pull/upstream-prover.ts";
import { toUpstream } from "./compose-upstream-access.ts";
import { adoptFolder } from "./adopt-folder.ts";
import { composeAdoption } from "./compose-adoption.ts";
import { composeBackups } from "./compose-backups.ts";
import { composeGate } from "./compose-gate.ts";
import { composeLive } from "./compose-live.ts";
import { TracingComposition } from "./compose-tracing.ts";
import { composeNotifications } from "./compose-notifications.ts";
import { composePages } from "./compose-pages.ts";
import { composeSearch } from "./compose-search.ts";
import { composeRegistry } from "./compose-registry.ts";
import { composeVerification } from "./compose-verification.ts";
import type { Foundation, ServerEnvironment } from "./foundation.ts";
import { PullObserver } from "./pull-observer.ts";
import { PullRecorder } from "./pull-recorder.ts";
import { openSignatureRules } from "./open-signature-rules.ts";
import { standInsOf, UpstreamOpener } from "./open-upstreams.ts";
import { scheduledCollection } from "./scheduled-collection.ts";
import type { CurrentSettings } from "./settings/current-settings.ts";
import type { Settings } from "./settings/settings.ts";
import type { RequestHandler } from "./web-listener.ts";

/** A larder without sockets: it answers requests, and collects unreferenced content when it is called to. */
export type Composition = {
  readonly handle: RequestHandler;
  /** Answers what is asked where metrics and health are told to everybody. */
  readonly handleDebug: RequestHandler;
  /** This process, and the secret by which it knows its administrators on this machine. */
  readonly administrator: { readonly instanceId: string; readonly secret: string };
  readonly collect: () => void;
  /** Throws AciError when what the settings name for ACIs cannot be used. */
  readonly check: () => Promise<void>;
  /** Takes up what was set while larder ran. To be called before the first request. */
  readonly start: () => Promise<void>;
  /**
   * Reads what the settings name of upstream registries and of people; what it returns takes it up. To be done before the
   * first request, and when the settings are read again. Throws ConfigurationError, and nothing has changed then.
   */
  readonly prepare: (settings: Settings) => Promise<() => void>;
  /** Writes down what was answered, as far as that is not done yet. Never fails. */
  readonly saveTraffic: () => Promise<void>;
  /** Evicts what is over the limits, if anything is. Never fails. */
  readonly keepSpace: () => Promise<void>;
  /** Looks after the queues of notifications. Never fails. */
  readonly keepQueues: () => Promise<void>;
  /** Writes down what was pulled, as far as that is not done yet. Never fails. */
  readonly savePulls: () => Promise<void>;
  /** Sees to a registry's folder at the data place. To be called when requests are answered. Never fails. */
  readonly adopt: () => void;
  /** Sends what is left of traces, within seconds. To be called when all requests are answered. Never fails. */
  readonly sendTraces: () => Promise<void>;
  /** Ends the work that is done for nobody any more. */
  readonly stop: () => Promise<void>;
};

/** Makes the parts of a larder and wires them. Nobody but the files of this folder knows their concrete classes. */
export function compose(
  settings: CurrentSettings,
  environment: ServerEnvironment,
  foundation: Foundation,
): Composition {
  const { log, clock, variables } = environment;
  const { metadata, reserve, guard, metrics } = foundation;
  const standIns = settings.derive(standInsOf);
  const order = searchOrderOf(settings, standIns);
  const instanceId = newInstanceId();
  const accounts = composeAccounts(metadata, clock);
  const parts = composeRegistry(settings, environment, foundation, order);
  const { upstreams, failures, offline, collector, lastingTraffic, traffic, pulls, pins, space, downloads } = parts;
  const { refusals, signatureGuard, recordings } = parts;
  const access = composeGate(settings, environment, foundation, accounts, {
    isOffline: () => upstreams.offline,
    prover: new UpstreamProver(upstreams, metadata.tags),
    bestEffort: parts.bestEffort,
  });
  const verification = composeVerification(parts, { settings, environment, foundation, order });
  const backups = composeBackups(parts.blobs, environment, foundation);
  const told = composeNotifications(environment, foundation, instanceId);
  const { notifications } = told;
  const live = composeLive(settings, environment, foundation, accounts, access.pageSessions, parts);
  const tracing = new TracingComposition(environment, instanceId);
  const spans = new RequestSpans(tracing.tracer, () => settings.now.trustedProxies);
  const importFolder = composeAdoption(parts, environment, foundation);
  const collectionLimits = collectionLimitsOf(settings);
  const search = composeSearch(parts, foundation, order);
  const { disk } = space;
  const saveAccounts = savingAccounts(accounts.uses, access.failedLogins, access.pageSessions);
  let isStopping = false;
  let endAdoption = (): Promise<void> => Promise.resolve();
  let endVerification = (): Promise<void> => Promise.resolve();
  const { pages, debug, aci, fetches } = composePages(parts, {
    settings,
    environment,
    foundation,
    access,
    order,
    search,
    standIns,
    instanceId,
    collectionLimits,
    disk,
    isStopping: () => isStopping,
    verification,
    backups,
    notifications,
    importFolder,
    live,
  });
  const requestMetrics = metrics.watchRegistry({
    traffic,
    upstreams,
    refusals,
    notifications,
    collections: () => collector.totals,
    verification: { ...verification, everyMs: () => settings.now.verifyEveryMs },
    space,
    traces: tracing,
    store: { statistics: metadata.statistics, downloads, disk, guard, reserve },
  });
  const common = {
    authenticator: access.authenticators,
    requestIds: new RequestIds(instanceId.slice(0, 8)),
    asking: () => settings.now,
    headers: () => settings.now.headers,
    log,
    elapsed: clock.elapsed,
  };
  const debugPipeline = new Pipeline({ ...common, pages: debug, observers: [], spans: null });
  const pipeline = new Pipeline({
    ...common,
    pages,
    spans,
    observers: [
      new RequestLog(
        log,
        () => settings.now.trustedProxies,
        () => settings.now.accessLog,
      ),
      requestMetrics,
      new PullObserver(notifications, clock.now),
      live.observer,
      spans,
      new PullRecorder(recordings, () => settings.now.trustedProxies, clock.now),
    ],
  });
  const observerOf = (namespace: Namespace, urls: readonly string[]) => {
    const measure = metrics.upstreams.observerOf(namespace, urls);
    return (event: UpstreamEvent) => {
      measure(event);
      told.noteUpstream(namespace, event);
    };
  };
  const foreign = (key: string, namespace: Namespace) => toUpstream(access.keychain.find(key, namespace));
  const opener = new UpstreamOpener({ variables, instanceId, log, clock, upstreams, foreign, observerOf });
  return {
    administrator: { instanceId, secret: accounts.administrator.secret },
    handle: (request, listener) => pipeline.handle(request, listener),
    handleDebug: (request, listener) => debugPipeline.handle(request, listener),
    check: aci.check,
    start: async () => {
      await accounts.start();
      await offline.start(settings.now.offline);
      await pins.load();
      await recordings.load();
      await aci.start();
      await fetches.start();
      await parts.notes.start();
      await live.feed.start();
      await live.nodes.start();
      await backups?.start();
      endVerification = verification.background.start();
    },
    prepare: async (next) => {
      const open = await opener.prepare(next);
      const takeUpPeople = await access.prepare(next);
      const rules = await openSignatureRules(next.require);
      const takeUpEndpoints = await told.prepare(next.notifications);
      const takeUpTracing = await tracing.prepare(next.tracing);
      return () => {
        signatureGuard.replaceRules(rules);
        takeUpPeople();
        takeUpEndpoints();
        foundation.changes.changed("settings");
        takeUpTracing();
        const namespaces = open();
        // What failed may answer elsewhere now.
        if (namespaces.length > 0) failures.forgetAll();
        if (next.offline !== settings.now.offline) void offline.configure(next.offline);
      };
    },
    adopt: () => {
      const { dataFolder } = foundation;
      const adoption = { dataFolder, importFolder, settings: metadata.settings, now: clock.now, log };
      endAdoption = adoptFolder(settings.now.adopt, adoption);
    },
    saveTraffic: async () => {
      await lastingTraffic.save();
      await live.nodes.save();
    },
    savePulls: () => pulls.save(),
    keepSpace: () => space.room.keep(),
    keepQueues: () => notifications.housekeep().catch(() => {}),
    sendTraces: () => tracing.stop(),
    stop: async () => {
      isStopping = true;
      access.stop();
      // What goes on for minutes would be waited for.
      live.streams.stop();
      await Promise.all([
        aci.stop(),
        fetches.stop(),
        endVerification(),
        endAdoption(),
        backups?.stop(),
        saveAccounts(),
        notifications.stop(),
        recordings.close(),
        search.stop(),
      ]);
    },
    collect: scheduledCollection(() => collector.collect(collectionLimits), log),
  };
}

/** The limits that hold at each collection. */
function collectionLimitsOf(settings: CurrentSettings) {
  return {
    get graceMs() {
      return settings.now.gcGraceMs;
    },
    get uploadExpiryMs() {
      return settings.now.uploadExpiryMs;
    },
  };
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
