import * as v from "valibot";

/** Says what is wrong with a value, and where in it: keys and places in lists. */
export type Complain = (message: string, ...path: readonly (string | number)[]) => void;

/** A schema for what `read` reads: all its complaints become issues with their places, and there is no value then. */
export function readByHand<T>(read: (value: unknown, complain: Complain) => T) {
  return v.pipe(
    v.unknown(),
    v.rawTransform(({ dataset, addIssue, NEVER }): T => {
      let isGood = true;
      const result = read(dataset.value, (message, ...path) => {
        isGood = false;
        const [first, ...rest] = path.map((key) => ({
          type: "unknown" as const,
          origin: "value" as const,
          input: dataset.value,
          key,
          value: null,
        }));
        addIssue(first === undefined ? { message } : { message, path: [first, ...rest] });
      });
      return isGood ? result : NEVER;
    }),
  );
}
