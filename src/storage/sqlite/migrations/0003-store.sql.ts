/**
 * What a database is, so that another one in its place, or an older copy, is noticed (`examine-store.ts`). The number in
 * the file's header spells LRDR. The generation grows at each opening and each close; `closed` is 1 when all was written.
 */
export default `
PRAGMA application_id = 0x4c524452;
CREATE TABLE store (
  id TEXT NOT NULL,
  generation INTEGER NOT NULL,
  closed INTEGER NOT NULL CHECK (closed IN (0, 1))
) STRICT; -- one row
INSERT INTO store (id, generation, closed) VALUES (lower(hex(randomblob(16))), 0, 1);
`;
