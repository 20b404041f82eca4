import type { FoundImage, FoundRepository } from "../../admin/search-schemas.ts";

/** A line of the list: a tag's, or a repository's. */
export type Row = ({ readonly rows: "tags" } & FoundImage) | ({ readonly rows: "repositories" } & FoundRepository);
