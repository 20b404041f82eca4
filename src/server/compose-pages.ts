import { canBeSpoofed } from "../clients/client-settings.ts";
import { hostNamesOf } from "../clients/upstream-names.ts";
import { BuiltPage } from "../http/web/built-page.ts";
import { WebPages } from "../http/web/web-pages.ts";
import { AdminApi } from "../http/admin/admin-api.ts";
import { adminActions, type AdminParts } from "../http/admin/admin-actions.ts";
import { PageVisits } from "../http/admin/page-visits.ts";
import { TokenKeeper } from "../access/accounts/token-keeper.ts";
import { UserKeeper } from "../access/accounts/user-keeper.ts";
import { ProgramShelf } from "../clients/programs/program-shelf.ts";
import { ClientPages } from "../http/clients/client-pages.ts";
import type { ClientGuideParts } from "../http/clients/client-pages-options.ts";
import { DistributionApi } from "../http/distribution/distribution-api.ts";
import { examineLarder } from "../doctor/examine-server.ts";
import type { Finding } from "../doctor/finding.ts";
import type { Notifications } from "../registry/notifications/notifications.ts";
import type { LastingTraffic } from "../registry/pull/lasting-traffic.ts";
import { HealthPages } from "../http/health/health-pages.ts";
import { MetricsPages } from "../http/metrics/metrics-pages.ts";
import { originFor } from "../http/challenge.ts";
import type { Pages } from "../http/pages.ts";
import { TokenPages } from "../http/token/token-pages.ts";
import type { Repository } from "../oci/repository.ts";
import type { Namespace } from "../oci/repository-name.ts";
import type { CollectionLimits } from "../registry/collector.ts";
import { ImageReferrers } from "../registry/contents/image-referrers.ts";
import { LayerContents } from "../registry/contents/layer-contents.ts";
import { LayerShelf } from "../registry/contents/layer-shelf.ts";
import { HeldImages } from "../registry/images/held-images.ts";
import { ImageCacher } from "../registry/images/image-cacher.ts";
import { RequiredSignatures } from "../registry/images/required-signatures.ts";
import { Inventory } from "../registry/images/inventory.ts";
import type { MayPull, SearchOrder } from "../registry/names/search-order.ts";
import { UpstreamHealth } from "../registry/pull/upstream-health.ts";
import { addressTowards } from "./address-towards.ts";
import type { AccessComposition } from "./compose-gate.ts";
import type { ImportFolder } from "../http/admin/import-folder.ts";
import { composeFetches, type FetchesComposition } from "./compose-fetches.ts";
import { type AciComposition, composeAci } from "./compose-aci.ts";
import type { LiveComposition } from "./compose-live.ts";
import type { RegistryComposition } from "./compose-registry.ts";
import type { Foundation, ServerEnvironment } from "./foundation.ts";
import { readinessChecks } from "./readiness.ts";
import type { Backups } from "../recovery/backup/backups.ts";
import { describeRot } from "./describe-rot.ts";
import type { VerificationComposition } from "./compose-verification.ts";
import type { SearchComposition } from "./compose-search.ts";
import type { CurrentSettings } from "./settings/current-settings.ts";

/** What pages are made over, besides the registry. */
export type PagesParts = {
  readonly settings: CurrentSettings;
  readonly environment: ServerEnvironment;
  readonly foundation: Foundation;
  readonly access: AccessComposition;
  readonly order: SearchOrder;
  readonly search: SearchComposition;
  readonly standIns: () => readonly Namespace[];
  /** This process, as upstream registries and logs know it. */
  readonly instanceId: string;
  readonly collectionLimits: CollectionLimits;
  readonly disk: () => Promise<{ freeBytes: number; sizeBytes: number }>;
  readonly isStopping: () => boolean;
  readonly verification: VerificationComposition;
  readonly backups: Backups | null;
  readonly notifications: Notifications;
  readonly importFolder: ImportFolder;
  readonly live: LiveComposition;
};

/** Wires what answers requests: the first that know a request answer it. */
export function composePages(
  of: RegistryComposition,
  parts: PagesParts,
): {
  readonly pages: readonly Pages[];
  readonly debug: readonly Pages[];
  readonly aci: AciComposition;
  readonly fetches: FetchesComposition;
} {
  const { settings, environment, foundation, access, instanceId, isStopping } = parts;
  const { gate } = access;
  const { dataFolder, metadata, guard, turns, metrics } = foundation;
  const { manifests, referrers } = of.registry;
  const cacher = new ImageCacher(manifests, of.registry.blobs, referrers, turns);
  const held = new HeldImages(metadata.tags, metadata.repositories, turns);
  const { clock, log, program } = environment;
  const aci = composeAci(settings, {
    dataFolder,
    blobStore: of.blobs,
    registry: of.registry,
    held,
    cacher,
    turns,
    program,
    clock,
    log,
    gate,
  });
  const fetches = composeFetches(of, cacher, environment, foundation, parts.order);
  // As who may write at all, this changes with a restart alone.
  const allowDeletes = settings.now.deletes;
  const upstreamHealth = new UpstreamHealth(of.upstreams, clock, () => foundation.changes.changed("upstreams"));
  const health = async (mayPull: MayPull) => ({
    disk: await parts.disk(),
    storeProblem: guard.problem,
    rot: await describeRot(parts.verification, mayPull),
    spaceProblem: of.space.room.problem,
    offline: of.upstreams.offline,
    upstreams: await upstreamHealth.check(),
  });
  // That page is everybody's: it names no image that not everybody may pull.
  const seenByAll = (repository: Repository) => access.control.allowsEveryone("pull", repository);
  const findings = async () => {
    const mayPull = access.control.everyonePullsAll ? undefined : seenByAll;
    return examineLarder(await health(mayPull), await usedRegistries(of.lastingTraffic));
  };
  const clients = clientGuide(parts);
  const checks = readinessChecks({ dataFolder, guard, sessions: metadata.sessions, isStopping });
  return {
    aci,
    fetches,
    // What registry:2 tells at a listener of its own.
    debug: [new HealthPages(checks), new HealthPages(checks, "/debug/health"), new MetricsPages(metrics.all, null)],
    pages: [
      // Discovery of ACIs is asked for at any path, by its query.
      aci.pages,
      new DistributionApi(of.registry, {
        gate,
        allowDeletes,
        isReadOnly: () => settings.now.readOnly,
        listLimits: () => settings.now.lists,
        locationOrigin: (exchange) =>
          settings.now.locations === "absolute" ? originFor(exchange, settings.now) : null,
        instanceId,
      }),
      new TokenPages({ ...access, hosts: of.registry.hosts }),
      adminPages(of, { cacher, health, clients, upstreamHealth, ...fetches }, parts),
      new MetricsPages(metrics.all, gate),
      clientPages(findings, clients, parts),
      new HealthPages(checks),
      webPages(parts),
    ],
  };
}

/** The registries that somebody has asked for images of; null when nobody has, or the store cannot be read. */
async function usedRegistries(traffic: LastingTraffic): Promise<ReadonlySet<string> | null> {
  const total = await traffic.read().catch(() => null);
  const asked = total?.namespaces.filter(({ hits, misses }) => hits + misses > 0) ?? [];
  return asked.length === 0 ? null : new Set(asked.map(({ namespace }) => namespace));
}

function adminPages(
  of: RegistryComposition,
  {
    cacher,
    health,
    clients,
    upstreamHealth,
    discoveries,
    fetchJobs,
    remover,
    survey,
  }: Pick<AdminParts, "cacher" | "health" | "clients" | "discoveries" | "fetchJobs" | "remover" | "survey"> & {
    readonly upstreamHealth: UpstreamHealth;
  },
  parts: PagesParts,
): AdminApi {
  const { environment, foundation, order, collectionLimits, instanceId } = parts;
  const { gate } = parts.access;
  const { version, clock, variables } = environment;
  const { metadata, guard, turns } = foundation;
  const { accounts, audit } = metadata;
  const { aside, collector, upstreams, offline, traffic, lastingTraffic, pulls, pins, recordings } = of;
  const { retention, untagged } = of;
  const { pageSessions, cookieMark } = parts.access;
  const visits = new PageVisits({ gate, sessions: pageSessions, cookieMark });
  const actions = adminActions({
    version,
    instanceId,
    access: {
      rules: parts.access.rules,
      areWritten: parts.access.areRulesWritten,
      isSetUp: () => parts.access.control.knowsPeople,
      recall: (principal) => parts.access.authenticators.recall(principal),
    },
    session: { ...parts.access, visits },
    accounts: {
      store: accounts,
      audit,
      users: new UserKeeper(accounts.users, clock.now),
      tokens: new TokenKeeper(accounts.tokens, clock.now),
    },
    told: {
      notifications: parts.notifications,
      deliveries: metadata.deliveries,
      events: metadata.events,
      changed: () => foundation.changes.changed("notifications"),
    },
    unqualified: () => order.unqualified,
    startedAtMs: clock.now(),
    inventory: new Inventory(metadata, turns),
    collector,
    collectionLimits,
    aside,
    verifications: parts.verification.verifications,
    backups: parts.backups,
    importFolder: parts.importFolder,
    discoveries,
    fetchJobs,
    turns,
    cacher,
    signatures: new RequiredSignatures(of.registry.manifests, of.signatureGuard),
    remover,
    retention,
    untagged,
    survey,
    search: parts.search.search,
    upstreams,
    offline,
    health,
    guard,
    traffic,
    lastingTraffic,
    pulls,
    pins,
    recordings,
    contents: composeContents(of, foundation, clock.elapsed),
    space: of.space,
    live: { streams: parts.live.streams, events: metadata.events },
    activity: {
      nodes: parts.live.nodes,
      statistics: metadata.statistics,
      lastingTraffic,
      upstreams,
      upstreamHealth,
      turns,
      now: clock.now,
    },
    clients,
  });
  return new AdminApi(actions, {
    version,
    gate,
    clientOf: parts.live.clientOf,
    turns,
    audit,
    visits,
    now: clock.now,
    checksAnswers: variables["LARDER_CHECK_ANSWERS"] === "1",
  });
}

function webPages({ settings, standIns }: PagesParts): WebPages {
  return new WebPages({
    files: new BuiltPage(),
    isShown: () => settings.now.web,
    isStandIn: (host) => standIns().some((one) => canBeSpoofed(one) && hostNamesOf(one).includes(host)),
  });
}

function composeContents(
  { blobs, registry, signatureGuard }: RegistryComposition,
  { metadata, turns }: Foundation,
  elapsedMs: () => number,
): AdminParts["contents"] {
  return {
    layers: new LayerContents({ blobs, shelf: new LayerShelf(elapsedMs), turns, elapsedMs }),
    referrers: new ImageReferrers(metadata, registry.referrers),
    sharing: metadata.sharing,
    blobs,
    guard: signatureGuard,
    turns,
  };
}

function clientPages(
  findings: () => Promise<readonly Finding[]>,
  guide: ClientGuideParts,
  { environment, access }: PagesParts,
): ClientPages {
  return new ClientPages({ guide, gate: access.gate, findings, now: environment.clock.now });
}

function clientGuide({ settings, environment, foundation, standIns }: PagesParts): ClientGuideParts {
  return {
    get standIns() {
      return standIns();
    },
    authorityPem: foundation.authorityPem,
    sockets: foundation.sockets,
    get addresses() {
      return settings.now.addresses;
    },
    addressTowards,
    programs: new ProgramShelf(environment.programPlaces),
  };
}
