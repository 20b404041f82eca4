/** Settings that are changed while larder runs, as JSON (`settings.ts`). */
export default `
CREATE TABLE setting (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`;
