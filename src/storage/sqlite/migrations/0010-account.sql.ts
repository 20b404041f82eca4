/**
 * Who there is (`accounts.ts`), and who changed what (`audit.ts`). Grants are JSON, an array of texts; hashes are what stands
 * for passwords and for tokens. The ids of `audit` and of `event` count together: no number is in both. Those events that
 * are kept for longer, as part of the audit log, have an index of their own.
 */
export default `
CREATE TABLE account_user (
  name TEXT PRIMARY KEY,
  password_hash TEXT NOT NULL,
  grants TEXT,
  created_at INTEGER NOT NULL,
  last_used_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE account_token (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  secret_hash TEXT NOT NULL,
  grants TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  last_used_at INTEGER,
  revoked_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX account_token_secret ON account_token (secret_hash);
CREATE INDEX account_token_name ON account_token (name) WHERE revoked_at IS NULL;

CREATE TABLE audit (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  action TEXT NOT NULL,
  subject TEXT,
  detail TEXT,
  who TEXT,
  source TEXT,
  request_id TEXT
) STRICT;

CREATE INDEX event_changed ON event (id) WHERE kind IN ('pushed', 'removed');
CREATE INDEX event_other ON event (id) WHERE kind NOT IN ('pushed', 'removed');
`;
