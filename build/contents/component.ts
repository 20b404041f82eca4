/** A part of the file that is shipped, and under which terms it is there. */
export type Component = {
  readonly name: string;
  /** A version, or the commit that was taken; null: it is not told. */
  readonly version: string | null;
  /** An SPDX licence expression. */
  readonly licence: string;
  /** Whose it is, as its licence file says it; null: it is not told. */
  readonly copyright: string | null;
  /** Where it comes from, an address. */
  readonly home: string | null;
  /** What npm calls it, with the hash of its archive in hexadecimal; null: it is no package of npm. */
  readonly npm: { readonly purl: string; readonly sha512: string } | null;
  /** The texts that came with it. */
  readonly notices: readonly string[];
};
