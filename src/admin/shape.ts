import type * as v from "valibot";

/** The type of a schema's values, deeply read-only. */
export type Shape<Schema extends v.GenericSchema> = Frozen<v.InferOutput<Schema>>;

/** A type made deeply read-only. */
export type Frozen<T> = T extends readonly (infer Item)[]
  ? readonly Frozen<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Frozen<T[Key]> }
    : T;
