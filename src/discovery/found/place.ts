/** A place in a file. `line` counts from 1; null when the file as a whole is meant. */
export type Place = { readonly file: string; readonly line: number | null };
