/** Lists of images that were to be brought, and what became of them (`fetch-jobs.ts`); `counts` and `images` are JSON. */
export default `
CREATE TABLE fetch_job (
  id TEXT PRIMARY KEY,
  title TEXT,
  who TEXT,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  counts TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  images TEXT NOT NULL
) STRICT;
`;
