/**
 * The first schema. Repositories are named by their full names; a row is small, and no look-up needs a join for a name.
 *
 *   manifest ──< repository_manifest >── repository
 *       │                └──< tag
 *       └──< manifest_reference ── what the manifest holds on to: blobs, and an index's manifests
 *   blob ──< repository_blob ── which repository may serve it
 */
export default `
CREATE TABLE manifest (
  digest TEXT PRIMARY KEY,
  media_type TEXT NOT NULL,
  bytes BLOB NOT NULL
) STRICT; -- with a rowid: rows are large, and a tree of large rows is slow to search

CREATE TABLE manifest_reference (
  manifest TEXT NOT NULL REFERENCES manifest (digest) ON DELETE CASCADE,
  digest TEXT NOT NULL,
  PRIMARY KEY (manifest, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX manifest_reference_digest ON manifest_reference (digest);

CREATE TABLE repository_manifest (
  repository TEXT NOT NULL,
  manifest TEXT NOT NULL REFERENCES manifest (digest),
  subject TEXT,
  added_at INTEGER NOT NULL,
  orphaned_at INTEGER,
  PRIMARY KEY (repository, manifest)
) STRICT, WITHOUT ROWID;
CREATE INDEX repository_manifest_manifest ON repository_manifest (manifest);
CREATE INDEX repository_manifest_subject ON repository_manifest (repository, subject) WHERE subject IS NOT NULL;
CREATE INDEX repository_manifest_orphaned ON repository_manifest (orphaned_at) WHERE orphaned_at IS NOT NULL;

CREATE TABLE tag (
  repository TEXT NOT NULL,
  name TEXT NOT NULL,
  pushed INTEGER NOT NULL CHECK (pushed IN (0, 1)),
  manifest TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  checked_at INTEGER NOT NULL,
  PRIMARY KEY (repository, name, pushed),
  FOREIGN KEY (repository, manifest) REFERENCES repository_manifest (repository, manifest) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX tag_manifest ON tag (repository, manifest);

CREATE TABLE blob (
  digest TEXT PRIMARY KEY,
  size INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE repository_blob (
  repository TEXT NOT NULL,
  digest TEXT NOT NULL REFERENCES blob (digest),
  touched_at INTEGER NOT NULL,
  PRIMARY KEY (repository, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX repository_blob_digest ON repository_blob (digest);

CREATE TABLE upload_session (
  id TEXT PRIMARY KEY,
  repository TEXT NOT NULL,
  started_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`;
