import type { Registry } from "../http/distribution/distribution-api.ts";
import { LOCAL, type RepositoryName } from "../oci/repository-name.ts";
import { repositoryOf } from "../oci/repository.ts";
import type { Tag } from "../oci/tag.ts";
import { Collector } from "../registry/collector.ts";
import { Catalog } from "../registry/images/catalog.ts";
import { Referrers } from "../registry/images/referrers.ts";
import { AllHolds } from "../registry/holds/holds.ts";
import { Pins } from "../registry/holds/pins.ts";
import { logEvents } from "../registry/log-events.ts";
import { ImageRules } from "../registry/names/image-rules.ts";
import type { Repository } from "../oci/repository.ts";
import { RefusalCounter } from "../registry/signatures/refusal-counter.ts";
import { SignatureGuard } from "../registry/signatures/signature-guard.ts";
import type { SearchOrder } from "../registry/names/search-order.ts";
import { BestEffortWrites } from "../registry/pull/best-effort-writes.ts";
import { BlobFiles } from "../registry/pull/blob-files.ts";
import { Blobs } from "../registry/pull/blobs.ts";
import { LastingTraffic } from "../registry/pull/lasting-traffic.ts";
import { Manifests } from "../registry/pull/manifests.ts";
import { OfflineSwitch } from "../registry/pull/offline-switch.ts";
import { PullNotes } from "../registry/pull/pull-notes.ts";
import { RottenBlobs } from "../registry/pull/rotten-blobs.ts";
import type { ImageGuard, PullContext } from "../registry/pull/origin.ts";
import { PulledSignatures } from "../registry/pull/pulled-signatures.ts";
import { RecentFailures } from "../registry/pull/recent-failures.ts";
import { TrafficCounter } from "../registry/pull/traffic.ts";
import { UpstreamTagLists } from "../registry/pull/upstream-tag-lists.ts";
import { UpstreamBlobs } from "../registry/pull/upstream-blobs.ts";
import { UpstreamManifests } from "../registry/pull/upstream-manifests.ts";
import { Upstreams } from "../registry/pull/upstreams.ts";
import { ManifestPushes } from "../registry/push/manifest-pushes.ts";
import { Uploads } from "../registry/push/uploads.ts";
import { Recordings } from "../registry/recordings/recordings.ts";
import { Retention, type RetentionLimits } from "../registry/retention/retention.ts";
import { compileRule } from "../registry/retention/retention-rule.ts";
import { UntaggedList } from "../registry/retention/untagged-list.ts";
import { FilesystemAside } from "../storage/filesystem/aside-filesystem.ts";
import { FilesystemBlobs } from "../storage/filesystem/blobs-filesystem.ts";
import { FilesystemSpool } from "../storage/filesystem/spool-filesystem.ts";
import type { Log } from "../telemetry/log.ts";
import { composeSpace } from "./compose-space.ts";
import type { Foundation, ServerEnvironment } from "./foundation.ts";
import { servedHostsOf } from "./served-hosts.ts";
import type { CurrentSettings } from "./settings/current-settings.ts";

/** The registry without HTTP, and what of it others look at. */
export type RegistryComposition = ReturnType<typeof composeRegistry>;

/** Makes the parts that pull, push and keep images, and wires them. */
export function composeRegistry(
  settings: CurrentSettings,
  environment: ServerEnvironment,
  foundation: Foundation,
  order: SearchOrder,
) {
  const { log, clock } = environment;
  const { dataFolder, metadata, reserve, guard, turns } = foundation;
  const { now, elapsed } = clock;
  const { manifests, tags, repositories, links, holdings, pushed, transitions, leases, events, collection } = metadata;
  const blobs = new FilesystemBlobs(dataFolder, guard);
  const spool = new FilesystemSpool(dataFolder, reserve, guard);
  const aside = new FilesystemAside(dataFolder, guard);
  const bestEffort = new BestEffortWrites(log, elapsed);
  const notes = new RottenBlobs({ store: metadata.rotten, events, bestEffort, now });
  const files = new BlobFiles({ store: blobs, aside, transitions, bestEffort, rotten: notes, log });
  const uploads = new Uploads({ spool, store: blobs }, files, metadata, now);
  const rules = settings.derive((told) => new ImageRules(told));
  const noteSwitch = (offline: boolean) => {
    tellOfSwitch(offline, log);
    foundation.changes.changed("offline");
  };
  const upstreams = new Upstreams([], settings.now.offline, noteSwitch, rules);
  logEvents(events, log);
  const traffic = new TrafficCounter((namespace) => namespace === LOCAL || upstreams.knows(namespace));
  const failures = new RecentFailures(log, elapsed);
  const refusals = new RefusalCounter(log, elapsed);
  const signatures = { manifests, tags, turns, blobs: () => registryBlobs };
  const signatureGuard: ImageGuard = new SignatureGuard<PullContext>({
    manifests,
    sourceOf: (repository, context, reach) =>
      new PulledSignatures({ ...signatures, origin }, repository, context, reach),
    whyNotAsked: (repository, context) => whyNotAsked(upstreams, repository, context),
    counter: refusals,
    turns,
    now,
    elapsed,
  });
  events.subscribe((event) => signatureGuard.note(event));
  const origin = new UpstreamManifests(
    upstreams,
    metadata,
    traffic,
    { failures, bestEffort, log, rules, guard: signatureGuard },
    turns,
    clock,
  );
  const pulls = new PullNotes(metadata.pulls, bestEffort, now);
  const pins = new Pins(metadata.pins, now);
  const recordings = new Recordings({
    store: metadata.recordings,
    blobs: () => registryBlobs,
    bestEffort,
    turns,
    now,
  });
  const holds = new AllHolds([
    pins,
    recordings,
    { reasonFor: (repository, tag) => immutableBy(rules(), repository, tag) },
  ]);
  const limits = retentionLimitsOf(settings);
  const retention = new Retention({
    ...metadata,
    holds,
    settlePulls: () => pulls.save(),
    limits,
    turns,
    now,
  });
  const collector = new Collector({
    blobs,
    aside,
    collection,
    transitions,
    events,
    leases,
    uploads,
    retention,
    now,
    guard,
  });
  const space = composeSpace(settings, environment, foundation, {
    collector,
    pulls,
    holds,
    isOffline: () => upstreams.offline,
    isFetching: (uploadId) => blobOrigin.isFetching(uploadId),
  });
  const { room } = space;
  const bytes = { spool, store: blobs };
  const blobOrigin = new UpstreamBlobs(upstreams, bytes, metadata, traffic, { log, failures, room }, clock);
  const registryBlobs: Blobs = new Blobs({
    store: blobs,
    files,
    links,
    holdings,
    tags,
    pushed,
    origin: blobOrigin,
    order,
    get rules() {
      return rules();
    },
    outlook: upstreams,
    traffic,
    bestEffort,
    guard: signatureGuard,
    now,
    get graceMs() {
      return settings.now.gcGraceMs;
    },
  });
  const pushes = new ManifestPushes({
    store: manifests,
    tags,
    get rules() {
      return rules();
    },
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
  const store = metadata.tagLists;
  const tagLists = new UpstreamTagLists({ upstreams, store, bestEffort, failures, turns, clock });
  const registry: Registry = {
    hosts: servedHostsOf(settings, elapsed),
    manifests: new Manifests({
      store: manifests,
      tags,
      pushed,
      origin,
      order,
      get rules() {
        return rules();
      },
      outlook: upstreams,
      traffic,
      guard: signatureGuard,
      turns,
      now,
    }),
    pushes,
    pulls,
    blobs: registryBlobs,
    uploads,
    catalog: new Catalog({
      tags,
      repositories,
      origin: tagLists,
      get rules() {
        return rules();
      },
      order,
      outlook: upstreams,
      turns,
    }),
    referrers: new Referrers({ manifests, tags }, origin, order, turns),
  };
  return {
    registry,
    rules,
    bestEffort,
    blobs,
    files,
    aside,
    upstreams,
    failures,
    signatureGuard,
    refusals,
    traffic,
    pulls,
    pins,
    recordings,
    holds,
    retention,
    untagged: new UntaggedList(metadata.leftBehind, holds, () => limits().ages),
    space,
    lastingTraffic: new LastingTraffic(traffic, metadata.statistics, bestEffort, now),
    offline: new OfflineSwitch(upstreams, metadata.settings, bestEffort),
    /** How many blobs are being fetched. */
    downloads: () => blobOrigin.downloads,
    collector,
    /** Blobs on their way from upstream, for what brings one again. */
    blobOrigin,
    /** What is known of rotten blobs. */
    notes,
  };
}

/** The rule that keeps a tag where it is, as a reason to hold it; null when none does. */
function immutableBy(rules: ImageRules, repository: RepositoryName, tag: Tag | null): string | null {
  const rule = tag === null ? null : rules.immutableBy(repositoryOf(repository), tag);
  return rule === null ? null : `the setting ${rule}`;
}

/** What the settings that hold say of what goes by itself. */
function retentionLimitsOf(settings: CurrentSettings): () => RetentionLimits {
  return settings.derive(({ untaggedAges, retentionRules, retentionWaitMs }) => ({
    ages: untaggedAges,
    rules: retentionRules.map(compileRule),
    waitMs: retentionWaitMs,
  }));
}

/** As `GuardParts.whyNotAsked`. */
function whyNotAsked(upstreams: Upstreams, { namespace }: Repository, context: PullContext): string | null {
  if (!upstreams.knows(namespace)) return "";
  if (upstreams.offline) return `larder is offline, and ${namespace} was not asked for signatures`;
  return context.isHereOnly === true ? "" : null;
}

function tellOfSwitch(offline: boolean, log: Log): void {
  const what = offline
    ? "larder is offline: no upstream registry is contacted"
    : "larder is online: upstream registries are contacted";
  log.write("info", what, { offline });
}
