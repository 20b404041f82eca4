import type { AnswerOf, BytesId, DocumentId, EventsId, InputOf, LinesId } from "../../admin/contract.ts";
import type { VerifyProgress } from "../../admin/image-schemas.ts";
import type { Health } from "../../admin/server-schemas.ts";
import type { DiscoveryPool } from "../../discovery/serve/discovery-pool.ts";
import type { Turns } from "../../lib/async/turns.ts";
import { parseDigest } from "../../oci/digest.ts";
import { formatReference } from "../../oci/reference.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { Namespace } from "../../oci/repository-name.ts";
import type { CollectionLimits, Collector } from "../../registry/collector.ts";
import type { FetchJobs } from "../../registry/fetches/fetch-jobs.ts";
import type { Pins } from "../../registry/holds/pins.ts";
import type { ImageCacher } from "../../registry/images/image-cacher.ts";
import type { ImageRemover } from "../../registry/images/image-remover.ts";
import type { RequiredSignatures } from "../../registry/images/required-signatures.ts";
import type { ImageSearch } from "../../registry/images/image-search.ts";
import type { ImageSurvey } from "../../registry/images/image-survey.ts";
import type { Inventory } from "../../registry/images/inventory.ts";
import type { MayPull } from "../../registry/names/search-order.ts";
import { parseImageName } from "../../registry/names/image-name.ts";
import { manifestReferenceOf } from "../../registry/names/manifest-reference.ts";
import type { LastingTraffic } from "../../registry/pull/lasting-traffic.ts";
import type { OfflineSwitch } from "../../registry/pull/offline-switch.ts";
import type { PullNotes } from "../../registry/pull/pull-notes.ts";
import type { TrafficCounter } from "../../registry/pull/traffic.ts";
import type { Upstreams } from "../../registry/pull/upstreams.ts";
import type { BackupContent, Backups } from "../../recovery/backup/backups.ts";
import type { Verifications } from "../../registry/verification/verifications.ts";
import type { Recordings } from "../../registry/recordings/recordings.ts";
import type { Retention } from "../../registry/retention/retention.ts";
import type { UntaggedList } from "../../registry/retention/untagged-list.ts";
import { accountActions, type AccountParts } from "./accounts.ts";
import { activityActions, type ActivityParts } from "./activity.ts";
import type { AdminAsker } from "./admin-asker.ts";
import { discoverImages } from "./discover-images.ts";
import { fetchImage, fetchLines } from "./fetch-image.ts";
import { fetchJobActions } from "./fetch-jobs.ts";
import { contentActions, type ContentParts } from "./contents.ts";
import type { ClientGuideParts } from "../clients/client-pages-options.ts";
import { clientActions } from "./clients.ts";
import { checkImages, inspectImage, listImages } from "./images.ts";
import { type ImportFolder, importFolder } from "./import-folder.ts";
import { holdBackup } from "./hold-backup.ts";
import type { LineWork } from "./line-work.ts";
import { liveActions, type LiveParts } from "./live.ts";
import { notificationActions, type NotificationParts } from "./notifications.ts";
import { sessionActions, type SessionParts } from "./session.ts";
import { recordingActions } from "./recordings.ts";
import { sessionListActions, type SessionListParts } from "./sessions.ts";
import { applyRetention, listUntagged } from "./retention.ts";
import { imageSpace, nextEvictions, type SpaceParts, spaceOverview } from "./space.ts";
import { listNamespaces, searchImages, searchRepositories } from "./search.ts";
import { stats } from "./stats.ts";
import { listRules, type RuleParts, testRule } from "./test-rule.ts";

/** An answer of bytes, and how many these are. */
export type BytesAnswer = BackupContent;

/** An answer of events, as text. */
export type EventsAnswer = ReadableStream<Uint8Array>;

/**
 * A function for each operation of the admin API. `signal` fires when the client has left; `cause` is who asks. They
 * throw RegistryErrors.
 */
export type AdminActions = {
  readonly [Id in BytesId]: (input: InputOf<Id>, signal: AbortSignal, cause: AdminAsker) => Promise<BytesAnswer>;
} & {
  readonly [Id in DocumentId]: (input: InputOf<Id>, signal: AbortSignal, cause: AdminAsker) => Promise<AnswerOf<Id>>;
} & {
  readonly [Id in LinesId]: (
    input: InputOf<Id>,
    signal: AbortSignal,
    cause: AdminAsker,
  ) => Promise<LineWork<AnswerOf<Id>>>;
} & {
  readonly [Id in EventsId]: (input: InputOf<Id>, signal: AbortSignal, cause: AdminAsker) => Promise<EventsAnswer>;
};

/** The parts of a larder that the admin API reads and changes. */
export type AdminParts = {
  readonly version: string;
  /** This process. */
  readonly instanceId: string;
  readonly accounts: AccountParts;
  readonly told: NotificationParts;
  /** Where names without a registry are looked for. */
  readonly unqualified: () => readonly Namespace[];
  readonly startedAtMs: number;
  readonly inventory: Inventory;
  readonly search: ImageSearch;
  readonly collector: Collector;
  readonly collectionLimits: CollectionLimits;
  /** How much was set aside. */
  readonly aside: { totals(): Promise<AnswerOf<"getStats">["aside"]> };
  readonly verifications: Verifications;
  /** Null where the store is damaged. */
  readonly backups: Backups | null;
  readonly importFolder: ImportFolder;
  readonly discoveries: DiscoveryPool;
  readonly fetchJobs: FetchJobs;
  readonly turns: Turns;
  readonly cacher: ImageCacher;
  readonly remover: ImageRemover;
  readonly signatures: RequiredSignatures;
  readonly retention: Retention;
  readonly untagged: UntaggedList;
  /** A look at what is here, for a request that the signal ends. */
  readonly survey: (signal: AbortSignal, mayPull?: MayPull) => ImageSurvey;
  readonly access: RuleParts;
  readonly session: SessionParts & SessionListParts;
  readonly upstreams: Upstreams;
  readonly offline: OfflineSwitch;
  readonly health: (mayPull: MayPull) => Promise<Health>;
  /** Knows when nothing may be written. */
  readonly guard: { readonly problem: string | null };
  readonly traffic: TrafficCounter;
  readonly lastingTraffic: LastingTraffic;
  readonly pulls: PullNotes;
  readonly pins: Pins;
  readonly recordings: Recordings;
  readonly contents: ContentParts;
  readonly space: SpaceParts;
  readonly live: LiveParts;
  readonly activity: ActivityParts;
  readonly clients: ClientGuideParts;
};

/** Makes the functions of the admin API over these parts. */
export function adminActions(parts: AdminParts): AdminActions {
  const { upstreams, collector, collectionLimits, inventory, survey, cacher, remover, pulls, pins } = parts;
  let document: Promise<AnswerOf<"getDocument">> | null = null;
  return {
    getVersion: async () => ({
      name: "larder",
      version: parts.version,
      instance: parts.instanceId,
      unqualified: [...parts.unqualified()],
    }),
    getDocument: () => (document ??= makeDocument(parts.version)),
    getHealth: (_, __, { mayPull }) => parts.health(mayPull),
    getStats: (_, __, { mayPull }) => stats(parts, mayPull),
    getOffline: async () => ({ offline: upstreams.offline }),
    setOffline: async ({ offline }) => {
      await parts.offline.switch(offline);
      return { offline };
    },
    listImages: async (query, signal, { mayPull }) => {
      // Who has just pulled sees it.
      await pulls.save();
      return listImages(survey(signal, mayPull), inventory, query, signal);
    },
    searchImages: async (query, signal, { mayPull }) => {
      await pulls.save();
      return searchImages(parts.search, query, { mayPull, signal });
    },
    searchRepositories: async (query, signal, { mayPull }) => {
      await pulls.save();
      return searchRepositories(parts.search, query, { mayPull, signal });
    },
    listNamespaces: (query, signal, { mayPull }) => listNamespaces(parts.search, query, { mayPull, signal }),
    getImage: async ({ image }, signal, { mayPull }) =>
      (await inspectImage(survey(signal, mayPull), pulls, image)) ?? throwNotHere(image),
    checkSignatures: async ({ image }, _, { puller, ...cause }) => {
      const named = parseImageName(image);
      const repository = { namespace: named.namespace, path: named.path };
      const context = { via: null, cause, ...(await puller()) };
      const { rules, ...found } = await parts.signatures.report(repository, manifestReferenceOf(named), context);
      return { ...found, rules: [...rules] };
    },
    removeImage: async ({ image, force, digest }, _, cause) => {
      const named = parseImageName(image);
      const place = { namespace: named.namespace, path: named.path };
      const only = digest === undefined ? null : parseDigest(digest);
      const how = { isForced: force === "true", only };
      const { removed, uncovered } = await remover.remove(place, manifestReferenceOf(named), cause, how);
      return removed === null ? throwNotHere(image) : { removed, uncovered };
    },
    listUntagged: async (query, signal, { mayPull }) => {
      await pulls.save();
      return listUntagged(survey(signal, mayPull), parts.untagged, query);
    },
    applyRetention: async (request, signal, cause) => applyRetention(parts.retention, request, signal, cause),
    listRules: () => listRules(parts.access),
    testRule: (question) => testRule(parts.access, question),
    checkImages: ({ images }, signal, cause) => checkImages(survey(signal, cause.mayPull), images),
    discoverImages: (request, signal, { mayPull }) => {
      const looks = (until: AbortSignal) => survey(until, mayPull);
      return discoverImages({ pool: parts.discoveries, survey: looks, turns: parts.turns }, request, signal);
    },
    fetchImage: async ({ image, platforms }, signal, cause) => {
      const looks = survey(signal, cause.mayPull);
      return fetchLines(await fetchImage({ cacher, upstreams, survey: looks, remover, cause }, image, platforms));
    },
    adoptImage: async ({ image, digest, indexBase64 }, _, cause) => {
      const { namespace, path, tag } = parseImageName(image);
      const index = indexBase64 === undefined ? null : Buffer.from(indexBase64, "base64");
      if (tag === null && index === null) throw new RegistryError("TAG_INVALID", `${image} names no tag`);
      return { adopted: await remover.adopt({ namespace, path }, { tag, digest: parseDigest(digest), index }, cause) };
    },
    getSpace: (_, signal) => spaceOverview(parts.space, signal),
    listImageSpace: (query, signal) => imageSpace(parts.space, query, signal),
    listNextEvictions: (query, signal) => nextEvictions(parts.space, query, signal),
    listPins: async () => ({ pins: (await pins.list()).map(({ text, ...rest }) => ({ pin: text, ...rest })) }),
    addPin: async ({ pin }, _, cause) => {
      const { text, isNew } = await pins.add(pin, cause.who);
      return { pin: text, isChanged: isNew };
    },
    removePin: async ({ pin }) => {
      const { text, wasThere } = await pins.remove(pin);
      return { pin: text, isChanged: wasThere };
    },
    collect: ({ graceMs = collectionLimits.graceMs, ...options }) =>
      collector.collect({ ...collectionLimits, graceMs }, options),
    importRegistry: async (request, signal, cause) => importFolder(parts.importFolder, request, signal, cause),
    beginBackup: async (_, signal) => holdBackup(backupsOf(parts), signal),
    listBackupBlobs: async ({ backup, after = null, limit }) => {
      const { blobs, next } = backupsOf(parts).blobsOf(backup, after, limit);
      return { blobs: [...blobs], next };
    },
    readBackup: async ({ backup, file, from }) => {
      const content = await backupsOf(parts).read(backup, file, from);
      if (content !== null) return content;
      throw new RegistryError("BLOB_UNKNOWN", `the blob ${file} is not here any more, or was found damaged`);
    },
    endBackup: async ({ backup }) => ({ ended: await backupsOf(parts).end(backup) }),
    verify: async ({ images = null }, signal) => verify(parts, images, signal),
    ...liveActions(parts.live),
    ...clientActions(parts.clients),
    ...sessionActions(parts.session),
    ...activityActions(parts.activity),
    ...fetchJobActions(parts.fetchJobs),
    ...contentActions(parts.contents, survey),
    ...sessionListActions(parts.session),
    ...accountActions(parts.accounts),
    ...recordingActions(parts.recordings),
    ...notificationActions(parts.told),
  };
}

function backupsOf({ backups, guard }: AdminParts): Backups {
  if (backups !== null && guard.problem === null) return backups;
  const why = guard.problem ?? "its database is damaged";
  throw new RegistryError("UNAVAILABLE", `no backup can be made of this store: ${why}`);
}

/** Few ask for it, and what makes it is much to load; anybody may ask for it often. */
async function makeDocument(version: string): Promise<AnswerOf<"getDocument">> {
  const { openApiDocument } = await import("../../admin/openapi.ts");
  return openApiDocument(version);
}

function throwNotHere(image: string): never {
  throw new RegistryError("MANIFEST_UNKNOWN", `${formatReference(parseImageName(image))} is not here`);
}

function verify(
  { verifications, survey }: AdminParts,
  images: readonly string[] | null,
  requested: AbortSignal,
): LineWork<VerifyProgress> {
  const left = new AbortController();
  const signal = AbortSignal.any([requested, left.signal]);
  return {
    work: async (tell) => {
      const done =
        images === null
          ? await verifications.verifyAll(signal, tell)
          : await verifications.verifyImages(images, survey(signal), signal, tell);
      return { kind: "done", ...done };
    },
    onLeave: () => left.abort(),
  };
}
