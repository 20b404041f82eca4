/**
 * Verification (`verification.ts`).
 *
 *   verification   how far the pass has come; one row at most
 *   rotten         blobs whose bytes cannot be had from here
 */
export default `
CREATE TABLE verification (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  after TEXT,
  blobs INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  rotten INTEGER NOT NULL,
  last_ended_at INTEGER
) STRICT;

CREATE TABLE rotten (
  digest TEXT PRIMARY KEY,
  rot TEXT NOT NULL,
  reason TEXT NOT NULL,
  since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER rotten_blob_gone AFTER DELETE ON blob BEGIN
  DELETE FROM rotten WHERE digest = OLD.digest;
END;
`;
