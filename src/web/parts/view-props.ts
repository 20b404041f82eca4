/** What a view is given: where in it the reader is. */
export type ViewProps = { readonly rest: string; readonly query: URLSearchParams };
