/** Whom upstream registries let pull what, as hashes (`proofs.ts`). */
export default `
CREATE TABLE upstream_proof (
  hash TEXT PRIMARY KEY,
  seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX upstream_proof_seen ON upstream_proof (seen_at);
`;
