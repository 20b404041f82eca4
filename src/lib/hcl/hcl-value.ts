/** A value; undefined is one that cannot be told. */
export type HclValue = string | number | boolean | null | undefined | HclValue[] | { readonly [key: string]: HclValue };
