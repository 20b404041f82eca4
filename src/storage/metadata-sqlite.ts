import { KeyedMutex } from "../lib/keyed-mutex.ts";
import type { MetadataStore } from "./metadata.ts";
import { SqliteBlobLinks } from "./sqlite-blob-links.ts";
import { SqliteCollection } from "./sqlite-collection.ts";
import { SqliteDatabase, type SpareSpace } from "./sqlite-database.ts";
import { SqliteHoldings } from "./sqlite-holdings.ts";
import { SqliteManifests } from "./sqlite-manifests.ts";
import { SqliteTags } from "./sqlite-tags.ts";
import { SqliteUploadSessions } from "./sqlite-upload-sessions.ts";

/** Opens metadata in the SQLite database at `path`, for one process. On a full disk, `spare` is for what frees space. */
export function openSqliteMetadata(path: string, spare: SpareSpace | null = null): MetadataStore {
  const database = new SqliteDatabase(path, spare);
  const linkTurns = new KeyedMutex<"links">();
  const tags = new SqliteTags(database);
  return {
    manifests: new SqliteManifests(database, linkTurns),
    tags,
    repositories: tags,
    links: new SqliteBlobLinks(database),
    holdings: new SqliteHoldings(database),
    sessions: new SqliteUploadSessions(database),
    collection: new SqliteCollection(database, linkTurns),
    close: async () => database.close(),
  };
}
