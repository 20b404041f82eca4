/** A page of names: those after `after`, `limit` at most. */
export type Page = { readonly after: string | null; readonly limit: number };
