/**
 * What was pulled while somebody recorded it (`recordings.ts`). `rows` counts what a recording has in the other two tables.
 * `tag` is empty for a pull by digest; `hidden` is told of with another: a tag of the same manifest, or an index that lists it.
 */
export default `
CREATE TABLE recording (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  started_at INTEGER NOT NULL,
  stopped_at INTEGER,
  who TEXT,
  networks TEXT NOT NULL,
  full_at INTEGER,
  rows INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE recorded_pull (
  recording INTEGER NOT NULL,
  repository TEXT NOT NULL,
  tag TEXT NOT NULL,
  digest TEXT NOT NULL,
  kind TEXT NOT NULL,
  platform TEXT,
  size INTEGER NOT NULL,
  at INTEGER NOT NULL,
  who TEXT,
  source TEXT,
  hidden INTEGER NOT NULL,
  PRIMARY KEY (recording, repository, tag, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX recorded_pull_digest ON recorded_pull (recording, repository, digest);
CREATE TABLE recorded_part (
  recording INTEGER NOT NULL,
  repository TEXT NOT NULL,
  digest TEXT NOT NULL,
  part TEXT NOT NULL,
  platform TEXT,
  PRIMARY KEY (recording, repository, digest, part)
) STRICT, WITHOUT ROWID;
CREATE INDEX recorded_part_part ON recorded_part (recording, repository, part);
`;
