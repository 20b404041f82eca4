import { KeyedMutex } from "../../lib/async/keyed-mutex.ts";
import { Turns } from "../../lib/async/turns.ts";
import { BlobTransitions } from "../blob-transitions.ts";
import type { MetadataStore } from "../metadata.ts";
import { ProcessLeases } from "../process-leases.ts";
import { SqliteAccounts } from "./sqlite-accounts.ts";
import { SqliteAudit } from "./sqlite-audit.ts";
import { SqliteBlobLinks } from "./sqlite-blob-links.ts";
import { SqliteBlobTransitions } from "./sqlite-blob-transitions.ts";
import { SqliteCollection } from "./sqlite-collection.ts";
import { SqliteDatabase } from "./sqlite-database.ts";
import { SqliteDeliveries } from "./sqlite-deliveries.ts";
import { SqliteEvents } from "./sqlite-events.ts";
import { SqliteFetchJobs } from "./sqlite-fetch-jobs.ts";
import { SqliteHoldings } from "./sqlite-holdings.ts";
import { SqlitePageSessions } from "./sqlite-page-sessions.ts";
import { SqliteNodes } from "./sqlite-nodes.ts";
import { SqliteProofs } from "./sqlite-proofs.ts";
import { SqlitePins } from "./sqlite-pins.ts";
import { SqlitePulls } from "./sqlite-pulls.ts";
import { SqliteRecordings } from "./sqlite-recordings.ts";
import { SqliteImageSearch } from "./sqlite-image-search.ts";
import { SqliteLeftBehind } from "./sqlite-left-behind.ts";
import { SqliteManifests } from "./sqlite-manifests.ts";
import { SqlitePushed } from "./sqlite-pushed.ts";
import { SqliteTagIndex } from "./sqlite-tag-index.ts";
import { SqliteRottenBlobs } from "./sqlite-rotten-blobs.ts";
import { SqliteSharing } from "./sqlite-sharing.ts";
import { SqliteSettings } from "./sqlite-settings.ts";
import { SqliteSpace } from "./sqlite-space.ts";
import { SqliteStatistics } from "./sqlite-statistics.ts";
import { SqliteTagLists } from "./sqlite-tag-lists.ts";
import { SqliteTags } from "./sqlite-tags.ts";
import { SqliteUploadSessions } from "./sqlite-upload-sessions.ts";
import { SqliteVerification } from "./sqlite-verification.ts";

/** A round through a million links takes about forty hours at a collection every ten minutes. */
const SWEEP_ROWS = 4000;

/** Metadata in the SQLite database at `path`, whatever lies around it; `sweepRows` as `SqliteCollection` has them. */
export function openSqliteMetadata(path: string, sweepRows = SWEEP_ROWS): MetadataStore {
  return sqliteMetadata(new SqliteDatabase(path), new Turns(), sweepRows);
}

/** Metadata in an SQLite database; long work on it takes its turns with that of others. */
export function sqliteMetadata(database: SqliteDatabase, turns: Turns, sweepRows = SWEEP_ROWS): MetadataStore {
  const linkTurns = new KeyedMutex<"links">();
  const transitions = new BlobTransitions();
  const deliveries = new SqliteDeliveries(database);
  const events = new SqliteEvents(database, deliveries);
  const audit = new SqliteAudit(database, turns);
  const rotten = new SqliteRottenBlobs(database, events);
  const tags = new SqliteTags(database, events, turns);
  return {
    manifests: new SqliteManifests(database, events, turns, linkTurns),
    tags,
    tagIndex: new SqliteTagIndex(database),
    imageSearch: new SqliteImageSearch(database, turns),
    tagLists: new SqliteTagLists(database),
    repositories: tags,
    links: new SqliteBlobLinks(database, transitions, rotten, deliveries),
    holdings: new SqliteHoldings(database),
    sharing: new SqliteSharing(database),
    pushed: new SqlitePushed(database),
    sessions: new SqliteUploadSessions(database),
    collection: new SqliteCollection(database, { linkTurns, turns, transitions, sweepRows }),
    leftBehind: new SqliteLeftBehind(database, events, turns, linkTurns),
    transitions: new SqliteBlobTransitions(database, transitions),
    events,
    deliveries,
    audit,
    accounts: new SqliteAccounts(database, audit),
    pageSessions: new SqlitePageSessions(database, audit),
    leases: new ProcessLeases(() => performance.now()),
    settings: new SqliteSettings(database),
    pulls: new SqlitePulls(database, turns),
    pins: new SqlitePins(database),
    recordings: new SqliteRecordings(database, turns),
    fetchJobs: new SqliteFetchJobs(database),
    proofs: new SqliteProofs(database),
    nodes: new SqliteNodes(database),
    space: new SqliteSpace(database, events, turns),
    statistics: new SqliteStatistics(database),
    verification: new SqliteVerification(database),
    rotten,
    close: async () => void database.close(),
  };
}
