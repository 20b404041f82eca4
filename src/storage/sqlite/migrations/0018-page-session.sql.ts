/** Who has signed in to the page (`page-sessions.ts`). */
export default `
CREATE TABLE page_session (
  id TEXT PRIMARY KEY,
  secret_hash TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  who TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  used_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  source TEXT,
  user_agent TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX page_session_name ON page_session (name, id);
`;
