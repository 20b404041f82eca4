/** What is never given up by itself (`pins.ts`). */
export default `
CREATE TABLE pin (
  text TEXT PRIMARY KEY,
  added_at INTEGER NOT NULL,
  who TEXT
) STRICT, WITHOUT ROWID;
`;
