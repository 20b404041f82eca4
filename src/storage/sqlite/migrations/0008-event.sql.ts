/**
 * What happened lately (`events.ts`), written down with what it tells of. The id is the time in microseconds, or one more
 * than the last: so ids grow also over a database that was made anew, and the oldest are those with the lowest.
 */
export default `
CREATE TABLE event (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  repository TEXT,
  tag TEXT,
  digest TEXT,
  media_type TEXT,
  size INTEGER,
  who TEXT,
  source TEXT,
  request_id TEXT
) STRICT;
`;
