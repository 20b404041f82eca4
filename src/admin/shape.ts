import type * as v from "valibot";

/** The values of a schema, none of them to be changed. */
export type Shape<Schema extends v.GenericSchema> = Frozen<v.InferOutput<Schema>>;

/** As it is, with nothing in it to be changed. */
export type Frozen<T> = T extends readonly (infer Item)[]
  ? readonly Frozen<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Frozen<T[Key]> }
    : T;
