/** Lists of tags as other registries gave them (`tag-lists.ts`): names in their order, a line each; `size` is their bytes. */
export default `
CREATE TABLE tag_list (
  repository TEXT PRIMARY KEY,
  names TEXT NOT NULL,
  size INTEGER NOT NULL,
  is_cut INTEGER NOT NULL,
  fetched_at INTEGER NOT NULL
) STRICT;
`;
