/**
 * Who has pulled (`nodes.ts`), and when what was answered (`traffic-history.ts`).
 *
 *   node             a row for each address
 *   traffic_history  sums of the `step` milliseconds from `at` on
 */
export default `
CREATE TABLE node (
  address TEXT PRIMARY KEY,
  runtime TEXT,
  runtime_version TEXT,
  first_pull INTEGER NOT NULL,
  last_pull INTEGER NOT NULL,
  pulls INTEGER NOT NULL,
  hits INTEGER NOT NULL,
  misses INTEGER NOT NULL,
  stale INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  last_image TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE traffic_history (
  step INTEGER NOT NULL,
  at INTEGER NOT NULL,
  namespace TEXT NOT NULL,
  hits INTEGER NOT NULL,
  misses INTEGER NOT NULL,
  stale INTEGER NOT NULL,
  bytes_from_disk INTEGER NOT NULL,
  bytes_from_upstream INTEGER NOT NULL,
  PRIMARY KEY (step, at, namespace)
) STRICT, WITHOUT ROWID;
`;
