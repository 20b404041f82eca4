import { KeyedMutex } from "../lib/keyed-mutex.ts";
import type { MetadataStore } from "./metadata.ts";
import { SqliteBlobLinks } from "./sqlite-blob-links.ts";
import { SqliteCollection } from "./sqlite-collection.ts";
import { SqliteDatabase } from "./sqlite-database.ts";
import { SqliteHoldings } from "./sqlite-holdings.ts";
import { SqliteManifests } from "./sqlite-manifests.ts";
import { SqliteTags } from "./sqlite-tags.ts";
import { SqliteUploadSessions } from "./sqlite-upload-sessions.ts";

/** Metadata in the SQLite database at `path`, whatever lies around it. */
export function openSqliteMetadata(path: string): MetadataStore {
  return sqliteMetadata(new SqliteDatabase(path));
}

/** Metadata in an SQLite database. */
export function sqliteMetadata(database: SqliteDatabase): MetadataStore {
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
    close: async () => void database.close(),
  };
}
