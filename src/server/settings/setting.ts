import type { Plain, Shape } from "./shapes.ts";

/** A row of the table: one setting, its shape, its default and its help. */
export type Setting<T = unknown> = {
  readonly shape: Shape<T>;
  /** As commander takes it, such as `--http <address>`; null: there is none. One of a HOST's setting takes `HOST=VALUE`. */
  readonly flag: string | null;
  /** What it does. It continues "larder is told to …" or says what it is. */
  readonly help: string;
  /** Null: nothing. */
  readonly default: T | null;
  /** The default in words, where its value says too little. */
  readonly defaultWords: string | null;
  /** Why a change takes effect only with a restart; null: it does when the settings are read again. */
  readonly restart: string | null;
  /** Does a file alone say it, since a text would have to hold too much? */
  readonly isFileOnly: boolean;
  /** Must nobody see the value? */
  readonly isSecret: boolean;
  /** Its value for people, where parts of it must not be seen; null: as a file would have it. */
  readonly toShown: ((value: T) => Plain) | null;
  /** What a flag or a variable says by a text, where that is more than the shape knows. Throws an Error that says why not. */
  readonly readText: ((text: string) => Promise<T>) | null;
  /** Completes `write …` for flags and variables, in place of the shape's. */
  readonly write: string;
};

type Row<T> = Pick<Setting<T>, "shape" | "help"> & NoInfer<Partial<Setting<T>>>;

/** Makes a row, with the defaults for what is left out. */
export function row<T>(given: Row<T>): Setting<T> {
  const { write } = given.shape;
  return {
    flag: null,
    default: null,
    defaultWords: null,
    restart: null,
    isFileOnly: false,
    isSecret: false,
    toShown: null,
    readText: null,
    write,
    ...given,
  };
}
